//go:build cgo && !noort

package machine

import (
	"context"
	"os"

	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/ort"
	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/ort/provision"
)

const OrtBuiltIn = true

// ServeORT is the ONNX Runtime engine over stdin and stdout.
func ServeORT(library string) error {
	return ort.Serve(context.Background(), os.Stdin, os.Stdout, ort.Options{Library: library})
}

// confirmPadding tries on the model at path what info says of padding.
func confirmPadding(ctx context.Context, info *onnxmodel.Info, library, path string) error {
	trials, err := ort.TryPadding(ctx, ort.Options{Library: library}, path)
	for _, t := range trials {
		info.Confirm(t.Strategy, t.String(), t.Why == "")
	}
	return err
}

// probeORT tries every provider of a library.
func probeORT(library string) ([]provision.ProviderReport, error) { return native.Probe(library) }
