// Package probe reads what ONNX Runtime's profiler wrote of one run: which nodes
// ran where, and what the matrix products, convolutions and attentions among them
// compute, by the shapes that they ran on. Begin with Read in probe.go.
package probe
