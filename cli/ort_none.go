//go:build !cgo || noort

package cli

import (
	"context"

	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/ort/provision"
)

const ortBuiltIn = false

func serveORT(string) error { return errNoORT }

func confirmPadding(context.Context, *onnxmodel.Info, string, string) error { return errNoORT }

func probeORT(string) ([]provision.ProviderReport, error) { return nil, errNoORT }
