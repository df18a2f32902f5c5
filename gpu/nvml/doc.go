// Package nvml reads an NVIDIA GPU through its driver's management library.
// It is the only place where tailscope calls NVML: a call after a failed Init
// ends the process, so everything here is gated on Init, and calls that old
// drivers lack are looked up first.
//
// In: a device's index. Out: a gpu.Source. A build without cgo has a stub that
// says so.
//
// NVML's symbols are bound when the driver is loaded. A toolchain that binds
// all symbols at start (-z now, usual for position-independent builds on some
// distributions) makes a program that does not start: build such with
// -ldflags '-extldflags -Wl,-z,lazy'. It cannot be asked for here, because
// cgo does not accept that flag in source files. Begin in nvml.go.
package nvml
