// Package program observes a program that somebody else wrote. In: the lines
// that the hook in each of its Python processes writes to a Unix socket
// (runner/torch/tailscope_torch/hook.py), and what the caller that started the
// program says of its start and end. Out: a session of the protocol with the
// feature observed, as any other engine.
//
// Begin in serve.go; process.go joins one process's lines to samples and
// events; environ.go says what a program is started with.
package program
