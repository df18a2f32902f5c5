package torch

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/adrg/xdg"

	"github.com/tailscope/tailscope/configs"
)

//go:embed worker.py tailscope_torch/*.py hook/*.py
var files embed.FS

// Command returns how to start the worker: its files are put into the user's
// cache, under a name that follows their content. env is the whole
// environment of the process.
func Command(t configs.Torch) (argv []string, env []string, err error) {
	python, err := Python(t)
	if err != nil {
		return nil, nil, err
	}
	dir, err := install(filepath.Join(xdg.CacheHome, "tailscope", "torch"))
	if err != nil {
		return nil, nil, fmt.Errorf("put the PyTorch worker in place: %w", err)
	}
	env = append(os.Environ(), "PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1", "TOKENIZERS_PARALLELISM=false")
	return []string{python, filepath.Join(dir, "worker.py")}, env, nil
}

// Hook puts the files in place and returns the folder whose sitecustomize.py
// hooks a program's own torch.compile.
func Hook() (string, error) {
	dir, err := install(filepath.Join(xdg.CacheHome, "tailscope", "torch"))
	if err != nil {
		return "", fmt.Errorf("put the hook in place: %w", err)
	}
	return filepath.Join(dir, "hook"), nil
}

// Python returns the interpreter: the configured one, that of the active
// virtual or conda environment, or python3 of the path.
func Python(t configs.Torch) (string, error) {
	if t.Python != "" {
		path, err := exec.LookPath(t.Python)
		if err != nil {
			return "", fmt.Errorf("python interpreter %q: %w; choose another with --python", t.Python, err)
		}
		return path, nil
	}
	for _, name := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if base := os.Getenv(name); base != "" {
			if path, err := exec.LookPath(filepath.Join(base, "bin", "python")); err == nil {
				return path, nil
			}
		}
	}
	for _, name := range []string{"python3", "python"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no python interpreter in the path: install Python 3.10 or later with torch, or give --python")
}

// Options returns the engine's options of a load message. Options that the
// user did not set are left out, so that the worker's defaults hold.
func Options(t configs.Torch) map[string]string {
	o := map[string]string{}
	for name, value := range map[string]string{"device": t.Device, "dtype": t.DType, "entry": t.Entry,
		"backend": t.Backend, "mode": t.Mode, "attn": t.Attention, "stance": t.Stance} {
		if value != "" {
			o[name] = value
		}
	}
	for name, on := range map[string]bool{"fullgraph": t.FullGraph, "disable_cudagraphs": t.NoCUDAGraph,
		"nvtx": t.NVTX, "allow_pickle": t.AllowPickle} {
		if on {
			o[name] = "true"
		}
	}
	for name, n := range t.Config {
		o["config."+name] = strconv.Itoa(n)
	}
	return o
}

// install writes the worker's files into a folder of base named by their
// hash, unless it is there, and returns the folder. Two processes may do so
// at once: the folder appears whole.
func install(base string) (string, error) {
	sum, err := hash()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(base, sum[:16])
	if _, err := os.Stat(filepath.Join(dir, "worker.py")); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(base, 0o755); err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp(base, ".new-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	if err := os.CopyFS(tmp, files); err != nil {
		return "", err
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return "", err
	}
	err = os.Rename(tmp, dir)
	if _, there := os.Stat(filepath.Join(dir, "worker.py")); there == nil {
		return dir, nil // ours, or that of another process which was faster
	}
	return "", err
}

// hash returns the hex SHA-256 over names and contents of the files.
func hash() (string, error) {
	h := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := files.ReadFile(path)
		fmt.Fprintf(h, "%s %d\n%s", path, len(data), data)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), err
}
