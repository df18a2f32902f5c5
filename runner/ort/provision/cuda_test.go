package provision

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/sys"
)

// fakePip puts a python3 into an otherwise empty search path: its pip copies
// the wheels of a folder, or ends as fail says.
func fakePip(t *testing.T, wheels, fail string) {
	t.Helper()
	bin := t.TempDir()
	script := "#!/bin/sh\nPATH=/usr/bin:/bin\n[ \"$3\" = --version ] && exit 0\n"
	if fail != "" {
		script += fmt.Sprintf("echo '%s' >&2; exit 1\n", fail)
	}
	script += "dest=; for a; do [ \"$prev\" = --dest ] && dest=$a; prev=$a; done\n" +
		"for a; do case $a in nvidia-*) kind=nvidia;; onnxruntime-gpu*) kind=onnxruntime;; esac; done\ncp " + wheels + "/$kind*.whl \"$dest\"\n"
	write(t, filepath.Join(bin, "python3"), script)
	must.OK(t, os.Chmod(filepath.Join(bin, "python3"), 0o755))
	t.Setenv("PATH", bin)
}

// gpuWheels makes the wheels that setup fetches, with what is really in them
// scaled down, and makes their hashes the known ones.
func gpuWheels(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	src := t.TempDir()
	runtime := makeShared(t, src, "libcudart.so.13", "")
	cuda := makeShared(t, src, "libonnxruntime_providers_cuda.so", `const char v[] = "\0001.30.0\0";`, runtime)
	shared := makeShared(t, src, "libonnxruntime_providers_shared.so", "")
	lib := makeLibrary(t, filepath.Join(src, "libonnxruntime.so.1.30.0"), "1.30.0")
	makeZip(t, filepath.Join(folder, "onnxruntime_gpu-1.30.0.whl"),
		entry{name: "onnxruntime/capi/libonnxruntime.so.1.30.0", body: read(t, lib)},
		entry{name: "onnxruntime/capi/libonnxruntime_providers_cuda.so", body: read(t, cuda)},
		entry{name: "onnxruntime/capi/libonnxruntime_providers_shared.so", body: read(t, shared)})
	makeZip(t, filepath.Join(folder, "nvidia_cuda_runtime.whl"), entry{name: "nvidia/cu13/lib/libcudart.so.13", body: read(t, runtime)},
		entry{name: "nvidia/cudnn/lib/libcudnn.so.9", body: read(t, shared)})
	known := wheel
	t.Cleanup(func() { wheel = known })
	wheel.files = map[string]string{}
	for _, f := range []string{cuda, shared} {
		sum := must.Get(Hash(f))(t)
		wheel.files[filepath.Base(f)] = sum
	}
	return folder
}

// Setup on a machine with an NVIDIA driver brings library, provider and CUDA's
// libraries into one folder, says how much that is, and does it once.
func TestSetupCUDA(t *testing.T) {
	isolate(t)
	fakePip(t, gpuWheels(t), "")
	var said bytes.Buffer
	path, err := SetupCUDA(context.Background(), Options{Progress: &said})
	if err != nil {
		t.Fatal(err, said.String())
	}
	if err := complete(path); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"libcudart.so.13", "libcudnn.so.9", "libonnxruntime_providers_shared.so"} {
		if !sys.IsFile(filepath.Join(filepath.Dir(path), name)) {
			t.Errorf("%s is not in place", name)
		}
	}
	for _, want := range []string{"fetching onnxruntime-gpu 1.30.0 (246 MB)", "--cpu leaves it out", "CUDA's libraries are not on this machine", "MB)"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("%q is not in %q", want, said.String())
		}
	}
	said.Reset()
	if again, err := SetupCUDA(context.Background(), Options{Progress: &said}); err != nil || again != path || said.Len() > 0 {
		t.Errorf("again: %s, %v, said %q", again, err, said.String())
	}
	if found, err := Find(Options{}); err != nil || found != path {
		t.Errorf("found %s, %v", found, err)
	}
}

// What goes wrong is one sentence, and nothing is put in place.
func TestSetupCUDARefusals(t *testing.T) {
	for name, c := range map[string]struct{ fail, want string }{
		"offline": {"WARNING: Retrying: Failed to establish a new connection: [Errno -3] Temporary failure in name resolution", "cannot reach its index"},
		"gone":    {"ERROR: No matching distribution found for onnxruntime-gpu==1.30.0", "No matching distribution found"},
		"forged":  {"", "is not the one this program knows"},
	} {
		t.Run(name, func(t *testing.T) {
			isolate(t)
			folder := gpuWheels(t)
			if c.fail == "" {
				wheel.files["libonnxruntime_providers_cuda.so"] = "00"
			}
			fakePip(t, folder, c.fail)
			_, err := SetupCUDA(context.Background(), Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if p := cached(); p != "" {
				t.Errorf("%s is in place", p)
			}
		})
	}
}
