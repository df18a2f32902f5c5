//go:build !cgo || noort

package machine

import (
	"context"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/ort/provision"
)

const OrtBuiltIn = false

func ServeORT(string) error { return exit.ErrNoORT }

func confirmPadding(context.Context, *onnxmodel.Info, string, string) error { return exit.ErrNoORT }

func probeORT(string) ([]provision.ProviderReport, error) { return nil, exit.ErrNoORT }
