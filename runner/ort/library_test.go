package ort

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/tailscope/tailscope/runner/ort/provision"
)

// testLibrary is the library that tests run: found, or fetched once.
func testLibrary(t testing.TB) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	path, err := provision.Ensure(ctx, provision.Options{Progress: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// testOpen loads the library into this process.
func testOpen(t testing.TB) {
	t.Helper()
	if _, err := openLibrary(testLibrary(t)); err != nil {
		t.Fatal(err)
	}
}
