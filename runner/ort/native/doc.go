// Package native is ONNX Runtime as the engine uses it: the library (through
// onnxruntime_go, with a small cgo shim beside it for device memory, bindings,
// free-dimension overrides and shared weights), its providers and their options,
// sessions, tensors and the memory they are bound to, graphs and types of
// elements, CUDA's and Vulkan's libraries, and what the host did to a thread.
//
// Paths, specs and bytes flow in; sessions, tensors and times flow out. It knows
// no request, no lane and no protocol message but those of a model's ports.
// Begin with library.go and session.go; shim.go is the door to C.
package native
