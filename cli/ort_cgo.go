//go:build cgo && !noort

package cli

import (
	"context"
	"os"

	"github.com/tailscope/tailscope/runner/ort"
	"github.com/tailscope/tailscope/runner/ort/provision"
)

const ortBuiltIn = true

// serveORT is the ONNX Runtime engine over stdin and stdout.
func serveORT(library string) error {
	return ort.Serve(context.Background(), os.Stdin, os.Stdout, ort.Options{Library: library})
}

// probeORT tries every provider of a library.
func probeORT(library string) ([]provision.ProviderReport, error) { return ort.Probe(library) }
