package ort

import (
	"errors"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/ort/provision"
)

// A driver that cannot run this CUDA, hidden devices and a library that only
// some operators need: each is one sentence with its cure.
func TestCUDASentences(t *testing.T) {
	if got := native.TooOld(12080, 13000).Error(); got != "the NVIDIA driver runs CUDA 12.8 at most and the provider is built for CUDA 13: update the driver (to 580 or later), or take an ONNX Runtime built for CUDA 12" {
		t.Error(got)
	}
	if got := native.TooOld(11040, 12040).Error(); !strings.Contains(got, "CUDA 11.4 at most") || !strings.HasSuffix(got, "update the driver (to 525 or later)") {
		t.Error(got)
	}
	if got := native.TooOld(0, 13000).Error(); !strings.Contains(got, "does not answer") { // cudaDriverGetVersion answers 0 where there is none
		t.Error(got)
	}
	t.Setenv("CUDA_VISIBLE_DEVICES", "")
	if got := native.NoDevice(errors.New("CUDA: no CUDA-capable device is detected (error 100)")).Error(); got != `CUDA sees no device: CUDA_VISIBLE_DEVICES="" hides them` {
		t.Error(got)
	}
}

// What ONNX Runtime says where cuDNN is not there becomes what brings it.
func TestMissingCuDNNIsASentence(t *testing.T) {
	native.Cuda.Mu.Lock()
	lacks, devices := native.Cuda.Lacks, native.Cuda.Devices
	native.Cuda.Lacks, native.Cuda.Devices = []provision.Part{{Name: "libcudnn.so.9", Brings: "nvidia-cudnn-cu13"}}, 1
	native.Cuda.Mu.Unlock()
	t.Cleanup(func() { native.Cuda.Lacks, native.Cuda.Devices = lacks, devices })
	p := native.Provider{Name: "cuda"}
	for _, says := range []string{
		"Non-zero status code returned while running Conv node: cuDNN is not available",
		"CUDNN failure 1001: CUDNN_STATUS_NOT_INITIALIZED",
		"Failed to load library libcudnn.so.9 with error: libcudnn.so.9: cannot open shared object file",
	} {
		got := p.Explain(errors.New(says)).Error()
		if !strings.HasPrefix(got, "libcudnn.so.9 is not on this machine, and this model needs it: pip install nvidia-cudnn-cu13: ") {
			t.Errorf("%q became %q", says, got)
		}
	}
}
