package torch

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tailscope/tailscope/configs"
)

func TestOptionsLeaveDefaultsToTheWorker(t *testing.T) {
	if got := Options(configs.Torch{}); len(got) != 0 {
		t.Errorf("options of an empty configuration: %v", got)
	}
	got := Options(configs.Torch{Device: "cuda", DType: "float16", Attention: "sdpa", NoCUDAGraph: true,
		Config: map[string]int{"layers": 4}})
	want := map[string]string{"device": "cuda", "dtype": "float16", "attn": "sdpa", "disable_cudagraphs": "true",
		"config.layers": "4"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestInstallAppearsWhole(t *testing.T) {
	base := t.TempDir()
	var wg sync.WaitGroup
	dirs := make([]string, 8)
	for i := range dirs {
		wg.Go(func() {
			dir, err := install(base)
			if err != nil {
				t.Error(err)
			}
			dirs[i] = dir
		})
	}
	wg.Wait()
	for _, d := range dirs {
		if d != dirs[0] {
			t.Errorf("folders %q and %q", dirs[0], d)
		}
	}
	for _, f := range []string{"worker.py", "tailscope_torch/engine.py"} {
		if _, err := os.Stat(filepath.Join(dirs[0], f)); err != nil {
			t.Error(err)
		}
	}
	left, err := os.ReadDir(base)
	if err != nil || len(left) != 1 {
		t.Errorf("%d entries left, %v", len(left), err)
	}
}

func TestPythonSaysWhatToDo(t *testing.T) {
	_, err := Python(configs.Torch{Python: "/nowhere/python"})
	if err == nil || !strings.Contains(err.Error(), "--python") {
		t.Errorf("got %v", err)
	}
	if _, err := Probe(context.Background(), configs.Torch{Python: "/nowhere/python"}); err == nil || !strings.Contains(err.Error(), "--python") {
		t.Errorf("got %v", err)
	}
}

func TestLacksIsASentenceEach(t *testing.T) {
	full := Report{Python: "3.12.3", Torch: "2.11.0+cu130", CUDA: "13.0", Device: "NVIDIA H200", Triton: "3.5", Transformers: "5.17",
		Compile: true}
	for name, c := range map[string]struct {
		change func(*Report)
		want   string
	}{
		"nothing":         {func(*Report) {}, ""},
		"no torch":        {func(r *Report) { r.Torch, r.Errors = "", map[string]string{"torch": "ModuleNotFoundError"} }, "torch cannot be imported"},
		"no device":       {func(r *Report) { r.Device = ""; r.Compiler = "g++" }, "no CUDA device"},
		"no cuda":         {func(r *Report) { r.CUDA, r.Device = "", ""; r.Compiler = "g++" }, "without CUDA"},
		"no triton":       {func(r *Report) { r.Triton = "" }, "aot_eager"},
		"no transformers": {func(r *Report) { r.Transformers = "" }, "torch.entry does not"},
		"old torch":       {func(r *Report) { r.Torch = "2.0.1" }, "too old"},
		"old python":      {func(r *Report) { r.Python = "3.8.10" }, "too old"},
	} {
		r := full
		c.change(&r)
		got := r.Lacks(configs.Torch{})
		if c.want == "" {
			if len(got) != 0 {
				t.Errorf("%s: %q", name, got)
			}
			continue
		}
		if len(got) != 1 || !strings.Contains(got[0], c.want) || !strings.HasSuffix(got[0], ".") {
			t.Errorf("%s: %q, want one sentence with %q", name, got, c.want)
		}
	}
}
