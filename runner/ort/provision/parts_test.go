package provision

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// makeShared compiles an empty library that links to others by name.
func makeShared(t *testing.T, dir, name, source string, needs ...string) string {
	t.Helper()
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	must.OK(t, os.MkdirAll(dir, 0o755))
	path := filepath.Join(dir, name)
	args := []string{"-shared", "-fPIC", "-Wl,--no-as-needed", "-Wl,-soname," + name, "-o", path, "-x", "c", "-", "-x", "none", "-nostdlib"}
	cmd := exec.Command(cc, append(args, needs...)...)
	cmd.Stdin = strings.NewReader(source)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// cudaMachine is a machine with a provider for CUDA 13, whose libraries lie in
// a site-packages folder; what is named in lacks is taken away again.
func cudaMachine(t *testing.T, lacks ...string) (provider, site string) {
	t.Helper()
	root := t.TempDir()
	site = filepath.Join(root, "venv", "lib", "python3.12", "site-packages")
	t.Setenv("VIRTUAL_ENV", filepath.Join(root, "venv"))
	for _, env := range []string{"LD_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH", "CONDA_PREFIX", "PYTHONPATH"} {
		t.Setenv(env, "")
	}
	cu := filepath.Join(site, "nvidia", "cu13", "lib")
	runtime := makeShared(t, cu, "libcudart.so.13", "")
	lt := makeShared(t, cu, "libcublasLt.so.13", "")
	blas := makeShared(t, cu, "libcublas.so.13", "", lt)
	rand := makeShared(t, cu, "libcurand.so.10", "")
	makeShared(t, filepath.Join(site, "nvidia", "cudnn", "lib"), "libcudnn.so.9", "")
	info := filepath.Join(site, "nvidia_cuda_runtime-13.0.96.dist-info")
	must.OK(t, os.MkdirAll(info, 0o755))
	must.OK(t, os.WriteFile(filepath.Join(info, "RECORD"), []byte("nvidia/cu13/lib/libcudart.so.13,sha256=x,1\n"), 0o644))
	provider = makeShared(t, filepath.Join(root, "ort"), "libonnxruntime_providers_cuda.so",
		`const char v[] = "\0001.30.0\0";`, blas, lt, rand, runtime)
	for _, l := range lacks {
		found, _ := filepath.Glob(filepath.Join(site, "nvidia", "*", "lib", l))
		for _, f := range found {
			os.Remove(f)
		}
	}
	return provider, site
}

// Libraries are found in Python's folders, each after what it needs itself.
func TestPartsAreFoundInOrder(t *testing.T) {
	provider, _ := cudaMachine(t)
	p := FindParts(provider)
	if err := p.Missing(); err != nil || p.CUDA != 13 {
		t.Fatalf("CUDA %d: %v", p.CUDA, err)
	}
	at := map[string]int{}
	for i, x := range p.List {
		at[x.Name] = i + 1
		if x.Path != "" && x.Where != "python" {
			t.Errorf("%s was found as %q", x.Name, x.Where)
		}
		if x.Name == "libcudart.so.13" && x.Version != "13.0.96" {
			t.Errorf("cudart is of version %q", x.Version)
		}
	}
	if at["libcublasLt.so.13"] == 0 || at["libcublasLt.so.13"] > at["libcublas.so.13"] || at["libcudnn.so.9"] == 0 || at["libnvrtc.so.13"] == 0 {
		t.Errorf("order %v", at)
	}
}

// What is nearer comes first: beside the provider, then what the loader's
// variable names, then Python's, then CUDA's own folder.
func TestPartsSearchOrder(t *testing.T) {
	provider, site := cudaMachine(t, "libcurand.so.10")
	home, named := t.TempDir(), t.TempDir()
	t.Setenv("CUDA_HOME", home)
	find := func() (string, string) {
		for _, x := range FindParts(provider).List {
			if x.Name == "libcurand.so.10" {
				return x.Where, x.Path
			}
		}
		return "", ""
	}
	for _, step := range []struct{ dir, where string }{
		{filepath.Join(home, "lib64"), "CUDA_HOME"},
		{filepath.Join(site, "nvidia", "curand", "lib"), "python"},
		{named, "LD_LIBRARY_PATH"},
		{filepath.Dir(provider), "beside the provider"},
	} {
		makeShared(t, step.dir, "libcurand.so.10", "")
		if step.where == "LD_LIBRARY_PATH" {
			t.Setenv("LD_LIBRARY_PATH", named)
		}
		if where, path := find(); where != step.where || filepath.Dir(path) != step.dir {
			t.Errorf("found as %q at %s, want %q", where, path, step.where)
		}
	}
}

// What is missing is a sentence with the package that brings it, and libraries
// of another CUDA are named as such.
func TestMissingPartsAreASentence(t *testing.T) {
	provider, site := cudaMachine(t, "libcudart.so.13", "libcublas*.so.13")
	err := FindParts(provider).Missing()
	if err == nil || !strings.Contains(err.Error(), "libonnxruntime_providers_cuda.so is built for CUDA 13 and needs libcublas") ||
		!strings.Contains(err.Error(), "pip install nvidia-cublas nvidia-cuda-runtime") {
		t.Errorf("%v", err)
	}
	makeShared(t, filepath.Join(site, "nvidia", "cuda_runtime", "lib"), "libcudart.so.12", "")
	if err := FindParts(provider).Missing(); err == nil || !strings.Contains(err.Error(), "libcudart.so.12, of another version") {
		t.Errorf("beside CUDA 12: %v", err)
	}
	// cuDNN is needed by convolutions only
	provider, _ = cudaMachine(t, "libcudnn.so.9")
	if err := FindParts(provider).Missing(); err != nil {
		t.Errorf("without cuDNN: %v", err)
	}
}

func TestProviderOfAnotherRelease(t *testing.T) {
	provider, _ := cudaMachine(t)
	if err := SameRelease(provider, "1.30.0"); err != nil {
		t.Error(err)
	}
	err := SameRelease(provider, "1.31.1")
	if err == nil || !strings.Contains(err.Error(), "is of 1.30.0 and the library of 1.31.1") {
		t.Errorf("%v", err)
	}
	cut := filepath.Join(t.TempDir(), "libonnxruntime_providers_cuda.so")
	data, _ := os.ReadFile(provider)
	must.OK(t, os.WriteFile(cut, data[:len(data)/3], 0o644))
	if err := SameRelease(cut, "1.30.0"); err == nil || !strings.Contains(err.Error(), "cut short") {
		t.Errorf("half a library: %v", err)
	}
}

func TestNoProviderLibrary(t *testing.T) {
	_, err := ProviderLibrary(filepath.Join(t.TempDir(), "libonnxruntime.so.1"), "cuda")
	if err == nil || !strings.Contains(err.Error(), "comes without libonnxruntime_providers_cuda.so") || !strings.Contains(err.Error(), "setup") {
		t.Errorf("%v", err)
	}
}

// On a machine with an NVIDIA driver a library with CUDA's provider is taken
// before a nearer one without it; elsewhere the nearest is.
func TestLibraryWithCUDAComesFirst(t *testing.T) {
	isolate(t)
	plain := makeLibrary(t, filepath.Join(t.TempDir(), "libonnxruntime.so.1"), "1.30.0")
	venv := t.TempDir()
	capi := filepath.Join(venv, "lib", "python3.12", "site-packages", "onnxruntime", "capi")
	gpu := makeLibrary(t, filepath.Join(capi, "libonnxruntime.so.1.30.0"), "1.30.0")
	makeShared(t, capi, "libonnxruntime_providers_cuda.so", "")
	t.Setenv("ORT_DYLIB_PATH", plain)
	t.Setenv("VIRTUAL_ENV", venv)
	if !Driver() {
		if found, err := Find(Options{}); err != nil || found != plain {
			t.Errorf("without a driver: %s, %v", found, err)
		}
	}
	driver := t.TempDir()
	makeShared(t, driver, "libcuda.so.1", "")
	t.Setenv("LD_LIBRARY_PATH", driver)
	if found, err := Find(Options{}); err != nil || found != gpu {
		t.Errorf("with a driver: %s, %v", found, err)
	}
}
