package configs

import "slices"

// ProviderRow is what runs ONNX Runtime's graphs.
type ProviderRow struct {
	Word   string // as --provider takes it
	Title  string // as people write it
	ORT    string // its name in ONNX Runtime
	Memory string // name of its device's memory there; "": it computes in the host's
	Graph  string // option that turns its own CUDA graphs on; "": it has none
	CUDA   bool   // its libraries need NVIDIA's
	Auto   bool   // auto tries it, in the order of Providers
	Means  string // a phrase: computes …
}

// Providers are all of them, the most eager to be tried first.
var Providers = []ProviderRow{
	{"tensorrt", "TensorRT", "TensorrtExecutionProvider", "Cuda", "trt_cuda_graph_enable", true, true, "on NVIDIA GPUs, by engines that TensorRT builds"},
	{"cuda", "CUDA", "CUDAExecutionProvider", "Cuda", "enable_cuda_graph", true, true, "on NVIDIA GPUs"},
	{"webgpu", "WebGPU", "WebGpuExecutionProvider", "WebGPU_Buf", "", false, true, "on any GPU that Vulkan, Metal or Direct3D 12 reaches"},
	{"cpu", "CPU", "CPUExecutionProvider", "", "", false, true, "on the processor"},
	{"plugin", "plugin", "", "", "", false, false, "where a provider's own library does"},
}

// ProviderOf is the row of a word; nil: there is none.
func ProviderOf(word string) *ProviderRow {
	if i := slices.IndexFunc(Providers, func(r ProviderRow) bool { return r.Word == word }); i >= 0 {
		return &Providers[i]
	}
	return nil
}

// ProviderWords are those that --provider takes.
func ProviderWords() []string {
	out := []string{"auto"}
	for _, r := range slices.Backward(Providers) { // from what everyone has to what few have
		if r.Auto {
			out = append(out, r.Word)
		}
	}
	for _, r := range Providers {
		if !r.Auto {
			out = append(out, r.Word)
		}
	}
	return out
}
