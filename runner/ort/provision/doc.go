// Package provision finds the ONNX Runtime shared library, or fetches it.
//
// In: a flag or key, environment variables, the user's cache, Python's
// site-packages, the system's library folders; failing all, the user's npm
// client, whose configuration decides where packages come from and which
// makes the integrity check. Out: the path of a library that is an ELF shared
// object for this processor, exports OrtGetApiBase and is at least MinVersion.
// Whether it loads and runs is for package ort to try.
//
// parts.go finds what the CUDA and TensorRT providers need beside the library,
// cuda.go fetches these on a machine with an NVIDIA driver.
//
// What is fetched or set up is checked by hash where the hash is known, put
// into the user's cache by one rename, under a lock that processes share: a
// library in the cache is whole, whoever is interrupted.
package provision

import (
	"fmt"
	"io"
	"path/filepath"
	"runtime"

	"github.com/adrg/xdg"
)

const (
	// Version is the release that Ensure fetches.
	Version = "1.30.0"
	// MinVersion is the oldest release that has C API 24.
	MinVersion = "1.24.0"
	// EnvLibrary names the library, or a folder that holds it; it must be good.
	EnvLibrary = "TAILSCOPE_ORT_LIB"

	npmPackage = "onnxruntime-node"
	npmBytes   = 113_507_888 // size of the package's tarball, for the progress bar
	libName    = "libonnxruntime.so.1"
)

// pinned is the SHA-256 of the library of Version in the npm package.
var pinned = map[string]string{
	"amd64": "ffb75a925ba05e47b235bb66e3e3911714a80b328a9c9425539feb204aa32a23",
	"arm64": "1f549d46250b005580b597f4164984aaf75b3bcb9f3aeb07c7f8a8fe60b23c76",
}

// Options of a search or a fetch.
type Options struct {
	Library  string    // a library or a folder that holds one, from a flag or the configuration; it must be good
	SHA256   string    // of what Setup is to take, in hex; "": whatever comes by an encrypted or local way
	Progress io.Writer // nil: silent; a terminal gets a bar, anything else plain lines
}

// CacheDir is the folder of libraries in the user's cache.
func CacheDir() string { return filepath.Join(xdg.CacheHome, "tailscope", "onnxruntime") }

// supported reports whether there is a library to fetch for this machine.
func supported() error {
	if runtime.GOOS != "linux" || pinned[runtime.GOARCH] == "" {
		return fmt.Errorf("no ONNX Runtime can be fetched for %s/%s, only for linux/amd64 and linux/arm64: build one and name it with %s",
			runtime.GOOS, runtime.GOARCH, EnvLibrary)
	}
	return nil
}
