package ort

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/ort/provision"
	"github.com/tailscope/tailscope/runner/protocol"
)

// swiftShader makes this test run on a software Vulkan device, in a process
// of its own because the driver is read once; it skips where there is none. The caller goes on only when here is true.
func swiftShader(t *testing.T) (here bool) {
	t.Helper()
	const icd = "/usr/lib/chromium/vk_swiftshader_icd.json"
	if os.Getenv("VK_ICD_FILENAMES") == icd {
		return true
	}
	_, err := os.Stat(icd)
	if err == nil {
		err = vulkanLoader()
	}
	if err != nil {
		demand.Lacks(t, demand.Vulkan, "no SwiftShader ("+err.Error()+"): install chromium and libvulkan1 for the WebGPU tests")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.count=1")
	cmd.Env = append(os.Environ(), "VK_ICD_FILENAMES="+icd)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("in its own process: %v", err)
	}
	return false // it passed there
}

// vulkanLoader says why there is no Vulkan loader. A loader without a device
// is one: the driver is named to the process that runs the test.
func vulkanLoader() error {
	if _, err := native.VulkanDevices(); err != nil && strings.Contains(err.Error(), "loader") {
		return err
	}
	return nil
}

func TestProbe(t *testing.T) {
	reports := must.Get(native.Probe(testLibrary(t)))(t)
	got := map[string]provision.ProviderReport{}
	for _, r := range reports {
		got[r.Provider] = r
		if !r.Works && r.Reason == "" {
			t.Errorf("%s is refused without a reason", r.Provider)
		}
	}
	if len(got) != 4 || !got["cpu"].Works || got["cpu"].Device == "" {
		t.Errorf("reports %+v", reports)
	}
}

// A provider that is asked for by name and refused is an error with its
// reason; under auto it is a refusal and the next one is taken.
func TestRefusals(t *testing.T) {
	testOpen(t)
	_, _, err := native.ChooseProvider("cuda", 0, nil, native.TryProbe)
	if err == nil || !strings.Contains(err.Error(), "cuda") {
		t.Skipf("CUDA was not refused (%v): this machine has it", err)
	}
	p, refused, err := native.ChooseProvider("auto", 0, nil, native.TryProbe)
	must.OK(t, err)
	if len(refused) == 0 || refused[0].Provider != "tensorrt" || refused[0].Reason == "" {
		t.Errorf("took %s, refused %+v", p.Name, refused)
	}
}

// Software Vulkan is never a GPU under auto, and is taken when named.
func TestAutoRefusesSoftwareVulkan(t *testing.T) {
	if !swiftShader(t) {
		return
	}
	testOpen(t)
	p, refused, err := native.ChooseProvider("auto", 0, nil, native.TryProbe)
	if err != nil || p.Name != "cpu" {
		t.Fatalf("auto took %q: %v", p.Name, err)
	}
	if !strings.Contains(refused[2].Reason, "processor") {
		t.Errorf("refusals %+v", refused)
	}
	p, _, err = native.ChooseProvider("webgpu", 0, nil, native.TryProbe)
	if err != nil || len(p.Notes) == 0 || !strings.Contains(p.Device, "SwiftShader") {
		t.Errorf("webgpu: %+v, %v", p, err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, bad := range []map[string]string{
		{"cuda.ft32": "1"}, {"cuda.tf32": "yes"}, {"cuda.memory_limit": "-1"}, {"tensorrt.engine_cache_path": ""},
	} {
		if _, err := native.CheckOptions("cuda", bad); err == nil {
			t.Errorf("%v was accepted", bad)
		}
	}
	got, err := native.CheckOptions("cuda", map[string]string{"cuda.tf32": "1", "tensorrt.fp16": "1"})
	if err != nil || len(got) != 1 || got["use_tf32"] != "1" {
		t.Errorf("%v, %v", got, err)
	}
}

// Prefill and decode on a device: the cache stays there, lanes agree.
func TestWebGPU(t *testing.T) {
	if !swiftShader(t) {
		return
	}
	k := startWorker(t)
	l := k.loadBuiltin("default", func(l *protocol.Load) { l.Provider = "webgpu" })
	if l.Provider != "webgpu" || len(l.Notes) == 0 {
		t.Fatalf("loaded %+v", l)
	}
	k.prefill("variable", 6, 6)
	k.prefill("padded", 6, 16)
	k.decode("kv_decode", "dynamic", "dynamic", 5, 5, 3)
	k.decode("e2e_kv", "bucketed", "kv-bucketed", 5, 8, 3)
	k.drain("optimized", 4)
	rows := k.settle()
	for lane, rs := range rows {
		for _, r := range rs {
			t.Logf("%s %s %s %s: %.1f ms, compile %.1f ms %s", lane, r.strategy, r.shape, r.backend, float64(r.wall)/1e6, float64(r.compile)/1e6, r.err)
			if r.err != "" {
				t.Error(r.err)
			}
		}
	}
	if c := k.counters(); c.Checks.N != 4 || c.Checks.Failed != 0 {
		t.Errorf("checks %+v", c.Checks)
	}
}

func TestRefusalsAreSentences(t *testing.T) {
	for raw, want := range map[string]string{
		"eager session: session options: /onnxruntime_src/onnxruntime/core/session/provider_bridge_ort.cc:1988 onnxruntime::Provider& onnxruntime::ProviderLibrary::Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load library /c/libonnxruntime_providers_shared.so with error: /c/libonnxruntime_providers_shared.so: cannot open shared object file: No such file or directory": "libonnxruntime_providers_shared.so cannot be loaded: cannot open shared object file: No such file or directory",
		"eager session: session options: CUDA\nis not there": "CUDA is not there",
		"eager session: Exception during initialization: /onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc:154 std::conditional_t<THRW, void, onnxruntime::common::Status> onnxruntime::CudaCall(ERRTYPE, const char*) [with ERRTYPE = cudnnStatus_t; bool THRW = true] CUDNN failure 4: CUDNN_STATUS_INTERNAL_ERROR ; GPU=0 ; hostname=vm ; file=/onnxruntime_src/x.cc ; line=98 ; expr=cudnnCreate(&h);": "CUDNN failure 4: CUDNN_STATUS_INTERNAL_ERROR",
		"a plain reason": "a plain reason",
	} {
		if got := native.OneLine(errors.New(raw)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// CUDA graphs are for the executables that are captured and proven, never for
// sessions whose shapes or addresses change.
func TestOwnGraphsAreCaptured(t *testing.T) {
	options := map[string]string{"cuda.tf32": "0", "tensorrt.fp16": "1"}
	for _, r := range configs.Providers {
		name, graph := r.Word, r.Graph
		if graph == "" {
			continue
		}
		p, err := native.NewProvider(name, 2, options, false)
		if err != nil || !p.Captures() {
			t.Fatalf("%s: %+v, %v", name, p, err)
		}
		plain, captured := p.ForSession(p.Options, native.SessionSpec{Compiled: true}, nil), p.ForSession(p.Options, native.SessionSpec{Compiled: true, Capture: true}, nil)
		if _, on := plain[graph]; on || captured[graph] != "1" || plain["device_id"] != "2" {
			t.Errorf("%s: %v, captured %v", name, plain, captured)
		}
	}
	p, _ := native.NewProvider("tensorrt", 0, options, false)
	if got := p.ForSession(p.Rest, native.SessionSpec{}, nil); len(got) != 2 || got["use_tf32"] != "0" {
		t.Errorf("what TensorRT leaves to CUDA gets %v", got)
	}
}

// An option that the provider in hand does not have is said to do nothing.
func TestUnusedOptionsAreTold(t *testing.T) {
	options := map[string]string{"cuda.tf32": "0", "kv_cache": "host"}
	p, err := native.NewProvider("cpu", 0, options, false)
	if err != nil || len(p.Notes) != 2 || !strings.Contains(strings.Join(p.Notes, "\n"), "cuda.tf32 does nothing with provider cpu") {
		t.Errorf("%q, %v", p.Notes, err)
	}
	for name, auto := range map[string]bool{"cuda": false, "tensorrt": false, "cpu": true} {
		if p, err := native.NewProvider(name, 0, options, auto); err != nil || len(p.Notes) != 0 {
			t.Errorf("%s: %q, %v", name, p.Notes, err)
		}
	}
}

// Every provider of the table is known: it is had, or refused for a reason of its own.
func TestEveryProviderIsKnown(t *testing.T) {
	testOpen(t)
	for _, r := range configs.Providers {
		_, err := native.NewProvider(r.Word, 0, nil, false)
		_, _, asked := native.ChooseProvider(r.Word, 0, nil, func(native.Provider) error { return errors.New("not here") })
		for _, err := range []error{err, asked} {
			if err != nil && strings.Contains(err.Error(), "unknown provider") {
				t.Errorf("%s: %v", r.Word, err)
			}
		}
	}
}
