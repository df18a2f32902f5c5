package provision

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/tailscope/tailscope/runner/sys"
)

// gpuRelease is a release of ONNX Runtime with its CUDA provider, for CUDA 13.
type gpuRelease struct {
	version string
	library string            // SHA-256 of libonnxruntime.so.1
	files   map[string]string // SHA-256 of the provider's libraries
	bytes   int64             // of the package that holds them
}

var (
	// wheel is onnxruntime-gpu of Python's index; its library goes with the
	// providers of the same release, and so does npm's.
	wheel = gpuRelease{Version, "", map[string]string{
		"libonnxruntime_providers_cuda.so":     "35da2e7ed0dd0d1aec5cdb16ce11a51d06c0c48cf62d1b1c9332946a4fae14fc",
		"libonnxruntime_providers_shared.so":   "086ec1d5388f64153d9c63470d126693db9a182c8ce236d3a1119068471b8a0d",
		"libonnxruntime_providers_tensorrt.so": "4365c6412845f42d7de138055ad3dcff5d0fbca2d748e30e8a04aa3ab0643337",
	}, 246_685_715}
	// node is the newest release whose providers npm has.
	node = gpuRelease{"1.29.0", "89688f5cf51c7e31befbb7b9101bc027799009b18d1baa9a5b1146a72e69538d", map[string]string{
		"libonnxruntime_providers_cuda.so":     "56cf3254b118ad837ccc4ed8f6d1b23504bbf7ef91b34cbc0b289cb7f10b3037",
		"libonnxruntime_providers_shared.so":   "c6a12593396095f5670160e284c35d1700b7708cf3037b7042e2a5200ccae772",
		"libonnxruntime_providers_tensorrt.so": "ef6071798a339038ad66c428fb1a809cf8e499bffc3b6870e4e8bc4f4c6a6320",
	}, 190_000_000}
)

const nodeGPU = "com.github.asus4.onnxruntime.linux-x64-gpu@0.4.9"

// cudaWheels are the packages that bring CUDA's own libraries, as they were
// seen to work together, with their sizes in bytes.
var cudaWheels = []struct {
	spec  string
	bytes int64
}{
	{"nvidia-cuda-runtime==13.0.96", 2_200_000}, {"nvidia-cublas==13.1.0.3", 423_000_000}, {"nvidia-curand==10.4.0.35", 59_000_000},
	{"nvidia-cufft==12.0.0.61", 214_000_000}, {"nvidia-cudnn-cu13==9.19.0.56", 366_000_000}, {"nvidia-cuda-nvrtc==13.0.88", 90_000_000},
	{"nvidia-nvjitlink==13.0.88", 41_000_000},
}

// SetupCUDA is Setup for a machine with an NVIDIA driver: the library comes
// with its CUDA provider, as the onnxruntime-gpu wheel where pip is there, else
// from npm, and with CUDA's libraries where the machine has none. It says
// beforehand how many megabytes it will fetch.
func SetupCUDA(ctx context.Context, opts Options) (string, error) {
	p := newProgress(opts.Progress)
	if runtime.GOARCH != "amd64" {
		p.say("the CUDA provider can be fetched for linux/amd64 only: without it")
		return Setup(ctx, "", opts)
	}
	ready := func() (Library, bool) {
		path := cached()
		return Library{Path: path}, path != "" && complete(path) == nil
	}
	lib, err := intoCache(ctx, p, ready, func(staging string) (Library, error) {
		dir := filepath.Join(staging, "gpu")
		if err := os.Mkdir(dir, 0o755); err != nil {
			return Library{}, err
		}
		return gatherGPU(ctx, p, staging, dir)
	})
	return lib.Path, err
}

// complete reports what a library in place lacks for CUDA.
func complete(lib string) error {
	provider, err := ProviderLibrary(lib, "cuda")
	if err != nil {
		return err
	}
	return FindParts(provider).Missing()
}

// gatherGPU puts library, providers and CUDA's libraries into dir.
func gatherGPU(ctx context.Context, p *progress, staging, dir string) (Library, error) {
	python := findPip(ctx)
	var err error
	if python != "" {
		p.say(fmt.Sprintf("this machine has an NVIDIA driver: fetching onnxruntime-gpu %s (%d MB); --cpu leaves it out", wheel.version, wheel.bytes/1e6))
		err = wheelGPU(ctx, p, python, staging, dir)
	} else {
		p.say(fmt.Sprintf("this machine has an NVIDIA driver and no pip: fetching ONNX Runtime %s and its CUDA provider with npm (%d MB); --cpu leaves it out", node.version, (npmBytes+node.bytes)/1e6))
		err = nodeGPUs(ctx, p, staging, dir)
	}
	if err != nil {
		return Library{}, err
	}
	lib, err := Check(filepath.Join(dir, libName))
	if err != nil {
		return lib, err
	}
	parts := FindParts(filepath.Join(dir, "libonnxruntime_providers_cuda.so"))
	switch missing := parts.Missing(); {
	case missing == nil:
	case python == "":
		p.say("CUDA's libraries are still missing: " + missing.Error())
	default:
		err = cudaLibraries(ctx, p, python, staging, dir)
	}
	return lib, err
}

// wheelGPU takes the providers out of the wheel, and the library too where npm
// cannot bring the one that has WebGPU besides.
func wheelGPU(ctx context.Context, p *progress, python, staging, dir string) error {
	if err := pipFetch(ctx, p, python, staging, dir, wheel.bytes, "onnxruntime-gpu=="+wheel.version); err != nil {
		return err
	}
	if err := wheel.check(dir); err != nil {
		return err
	}
	own := filepath.Join(dir, "libonnxruntime.so."+wheel.version)
	if _, err := exec.LookPath("npm"); err != nil {
		return os.Rename(own, filepath.Join(dir, libName))
	}
	lib, err := npmLibrary(ctx, p, staging, Version, pinned[runtime.GOARCH])
	if err != nil {
		return err
	}
	return errors.Join(os.Remove(own), os.Rename(lib.Path, filepath.Join(dir, libName)))
}

func nodeGPUs(ctx context.Context, p *progress, staging, dir string) error {
	lib, err := npmLibrary(ctx, p, staging, node.version, node.library)
	if err != nil {
		return err
	}
	if err := os.Rename(lib.Path, filepath.Join(dir, libName)); err != nil {
		return err
	}
	tarball, err := npmPack(ctx, p, staging, nodeGPU, node.bytes)
	if err != nil {
		return err
	}
	into := filepath.Join(staging, "providers")
	if err := unpack(ctx, tarball, into, nil); err != nil {
		return err
	}
	if err := flatten(into, dir); err != nil {
		return err
	}
	return node.check(dir)
}

// check refuses providers whose hashes are not those that are known.
func (r gpuRelease) check(dir string) error {
	for name, sum := range r.files {
		if err := isPinned(filepath.Join(dir, name), sum); err != nil {
			return err
		}
	}
	return nil
}

// cudaLibraries fetches CUDA's own libraries into dir.
func cudaLibraries(ctx context.Context, p *progress, python, staging, dir string) error {
	var specs []string
	size := int64(0)
	for _, w := range cudaWheels {
		specs, size = append(specs, w.spec), size+w.bytes
	}
	p.say(fmt.Sprintf("CUDA's libraries are not on this machine: fetching NVIDIA's wheels of them (%d MB)", size/1e6))
	return pipFetch(ctx, p, python, staging, dir, size, specs...)
}

// findPip is the interpreter whose pip can fetch, "" for none.
func findPip(ctx context.Context) string {
	for _, name := range []string{"python3", "python"} {
		if path, err := exec.LookPath(name); err == nil && exec.CommandContext(ctx, path, "-m", "pip", "--version").Run() == nil {
			return path
		}
	}
	return ""
}

// pipFetch has the user's pip fetch wheels, whose hashes it checks against its
// index, and puts their shared objects into dir.
func pipFetch(ctx context.Context, p *progress, python, staging, dir string, size int64, specs ...string) error {
	into, err := os.MkdirTemp(staging, "pip")
	if err != nil {
		return err
	}
	args := []string{"-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--retries=1",
		"--python-version", "3.12", "--implementation", "cp", "--dest", into}
	for _, tag := range []string{"manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"} {
		args = append(args, "--platform", tag)
	}
	cmd := exec.CommandContext(ctx, python, append(args, specs...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+into)
	name, _, _ := strings.Cut(specs[0], "=")
	if len(specs) > 1 {
		name = "CUDA's libraries"
	}
	t := transfer{name, "fetching " + name + " with pip", "pip", size}
	have := func() int64 { return sizeBelow(into) }
	if err := t.run(ctx, p, cmd, have, func(err error, stderr string) error { return pipError(name, err, stderr) }); err != nil {
		return err
	}
	wheels, _ := filepath.Glob(filepath.Join(sys.EscapeGlob(into), "*.whl"))
	for i, w := range wheels {
		to := filepath.Join(into, fmt.Sprint("unpacked", i))
		if err := unpack(ctx, w, to, nil); err != nil {
			return err
		}
		if err := errors.Join(flatten(to, dir), os.Remove(w)); err != nil {
			return err
		}
	}
	return nil
}

// sizeBelow is how many bytes the files below a folder have.
func sizeBelow(dir string) (have int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil {
				have += info.Size()
			}
		}
		return nil
	})
	return have
}

// flatten moves every shared object below from into dir.
func flatten(from, dir string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.Rename(path, filepath.Join(dir, d.Name()))
	})
}

var (
	pipLine = regexp.MustCompile(`(?m)^ERROR: (.*)$`)
	noIndex = regexp.MustCompile(`(?i)failed to establish a new connection|name resolution|network is unreachable|connection refused|max retries|timed out`)
)

// pipError makes one sentence of pip's complaint.
func pipError(name string, err error, stderr string) error {
	if noIndex.MatchString(stderr) {
		return fmt.Errorf("pip cannot reach its index for %s: connect once, use --cpu to do without CUDA, or %s", name, howElse)
	}
	text := err.Error()
	if m := pipLine.FindStringSubmatch(stderr); m != nil {
		text = m[1]
	}
	return fmt.Errorf("pip could not fetch %s (%s): use --cpu to do without CUDA, or %s", name, text, howElse)
}
