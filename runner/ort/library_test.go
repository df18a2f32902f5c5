package ort

import (
	"os"
	"testing"
)

// testLibrary is the library that tests run.
func testLibrary(t testing.TB) string {
	t.Helper()
	return os.Getenv("TAILSCOPE_ORT_LIBRARY")
}
