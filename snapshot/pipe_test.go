//go:build unix

package snapshot

import (
	"syscall"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

func pipe(t *testing.T, path string) {
	t.Helper()
	must.OK(t, syscall.Mkfifo(path, 0o600))
}
