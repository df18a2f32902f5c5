// Package onnxmodel owns model files: it builds the models that ship with the
// program into the user's cache (EnsureBuiltin), finds what the user named
// (Resolve), says what is in a file and what it allows (Inspect), and edits
// graphs for the engine (Prepare and the functions under it).
//
// Files are read and rewritten field by field (protowire), so a model of any
// size costs kilobytes of memory; weights are copied by the kernel or not at
// all. Nothing here runs a model. Every error is one sentence that names the
// file, node or input. Begin in inspect.go, then prepare.go.
package onnxmodel
