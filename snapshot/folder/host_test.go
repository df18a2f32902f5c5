package folder

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

func TestPlatformReadsTheDistributionsFiles(t *testing.T) {
	for name, c := range map[string]struct{ release, debian, want string }{
		"debian":  {"PRETTY_NAME=\"Debian\"\nID=debian\nVERSION_ID=\"12\"\n", "12.11\n", "debian 12.11"},
		"ubuntu":  {"ID=ubuntu\nVERSION_ID=\"24.04\"\n", "trixie/sid\n", "ubuntu 24.04"},
		"rolling": {"ID=arch", "", "arch"},
		"none":    {"", "", ""},
	} {
		etc := t.TempDir()
		for file, text := range map[string]string{"os-release": c.release, "debian_version": c.debian} {
			if text == "" {
				continue
			}
			must.OK(t, os.WriteFile(filepath.Join(etc, file), []byte(text), 0o600))
		}
		if got := platform(etc); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if h := HostInfo(); h.Kernel == "" || h.Cores == 0 || h.Name == "" {
		t.Errorf("this machine: %+v", h)
	}
}
