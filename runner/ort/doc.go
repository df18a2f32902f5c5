// Package ort is the ONNX Runtime engine: Serve is a worker's whole life over
// the protocol of package protocol.
//
// It owns what a request does in the worker's process: which executable each
// lane takes from its cache, and the inputs, outputs and proofs of each run.
// Package native below it is ONNX Runtime itself: library, providers, sessions
// and the memory that inputs and outputs are bound to. Requests flow in;
// samples, events, counters and evidence flow out.
//
// Its promises: a timed region holds the model's run and the proof that it is
// over, and nothing else (docs/measurement.md says where each begins and
// ends); a compile that a request triggers is inside that request's time and
// is an event; what ran is named by what ran, never by what was asked for.
//
// On CUDA (native/cuda.go) the libraries are found and opened here, each lane's
// sessions run on a stream of the lane's own, copies and device times are
// CUDA's, and captured graphs are its graphs.
//
// Path of a request: serve.go, engine.go, then the mode's file (prefill.go,
// decode.go, forward.go), which asks choose.go for a session and calls.go for
// its bound inputs and outputs; check.go compares the lanes, emit.go reports.
package ort
