// Package build makes ONNX models by itself: GPT-2 graphs as Hugging Face
// Optimum exports them, in every layout that it knows, a Llama and a residual
// network. Weights are random from a seed and stream to disk; the same description
// gives the same bytes on every machine. Begin in gpt2.go; write.go and emit.go
// put a graph on disk.
package build

// Version changes whenever the same description gives other bytes.
const Version = 3
