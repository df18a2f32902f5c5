//go:build !cgo || noort

package cli

import "github.com/tailscope/tailscope/runner/ort/provision"

const ortBuiltIn = false

func serveORT(string) error { return errNoORT }

func probeORT(string) ([]provision.ProviderReport, error) { return nil, errNoORT }
