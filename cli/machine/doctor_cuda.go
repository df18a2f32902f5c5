package machine

import (
	"path/filepath"
	"strings"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/ort/provision"
)

// cudaParts lists what the CUDA and TensorRT providers of the library at path
// need, where it was found, and what brings what is missing.
func (d *diagnosis) cudaParts(path string) {
	driver := provision.Driver()
	for _, provider := range []string{"cuda", "tensorrt"} {
		lib, err := provision.ProviderLibrary(path, provider)
		if err != nil {
			if driver && provider == "cuda" {
				d.add("CUDA", lacks, "there is an NVIDIA driver, and this ONNX Runtime has no CUDA provider: run 'tailscope setup'")
			}
			continue
		}
		parts := provision.FindParts(lib)
		if err := parts.Missing(); err != nil {
			d.add(configs.ProviderOf(provider).Title, lacks, "%v", err)
		}
		if provider == "cuda" {
			d.partLines(parts)
		}
	}
}

func (d *diagnosis) partLines(parts provision.Parts) {
	d.add("CUDA", noted, "%s is built for CUDA %d and takes these libraries", filepath.Base(parts.Provider), parts.CUDA)
	for _, p := range parts.List {
		c := check{Name: p.Name, Status: works, below: true}
		switch {
		case p.Path != "":
			c.Text = strings.TrimSpace(p.Version+" "+foundText(p.Where)) + ": " + p.Path
		case p.Optional:
			c.Status, c.Text = noted, "not found; "+without(p.Name)+": pip install "+p.Brings
		default:
			c.Status, c.Text = lacks, "not found: pip install "+p.Brings
		}
		d.Checks = append(d.Checks, c)
	}
}

// foundText words how the search found a library of CUDA.
func foundText(where string) string {
	switch where {
	case "python":
		return "in Python's site-packages"
	case "system":
		return "in the loader's cache"
	case "beside the provider":
		return where
	}
	return "in " + where
}

// without says what the CUDA provider cannot do for want of a library.
func without(name string) string {
	switch {
	case strings.HasPrefix(name, "libcudnn"):
		return "convolutions need it"
	case strings.HasPrefix(name, "libcufft"):
		return "Fourier transforms need it"
	}
	return "few operators need it"
}
