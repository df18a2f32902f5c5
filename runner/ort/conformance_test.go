package ort

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/protocol/conformance"
)

// TestMain makes this test binary a worker when it is asked to be one.
func TestMain(m *testing.M) {
	if os.Getenv("TAILSCOPE_TEST_WORKER") == "" {
		os.Exit(m.Run())
	}
	err := Serve(context.Background(), os.Stdin, os.Stdout, Options{Library: os.Getenv("TAILSCOPE_TEST_WORKER")})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// The engine keeps every rule of the protocol.
func TestConformance(t *testing.T) {
	path := must.Get(onnxmodel.EnsureBuiltin("default"))(t)
	conformance.Run(t, []string{os.Args[0]}, conformance.Options{
		Env:  append(os.Environ(), "TAILSCOPE_TEST_WORKER="+testLibrary(t)),
		Load: protocol.Load{Model: path, Name: "builtin:default", Provider: "cpu"},
	})
}
