package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tailscope/tailscope/cli/about"
	"github.com/tailscope/tailscope/internal/must"
)

// TestManPagesHoldTheCommandTree: each command has a page with each of its
// flags, and groff, where it is installed, has nothing to complain about.
func TestManPagesHoldTheCommandTree(t *testing.T) {
	dir := t.TempDir()
	root := newRootCmd()
	must.OK(t, about.WriteManPages(root, dir))
	var check func(*cobra.Command)
	check = func(c *cobra.Command) {
		path := filepath.Join(dir, strings.ReplaceAll(c.CommandPath(), " ", "-")+".1")
		page := must.Get(os.ReadFile(path))(t)
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden && !strings.Contains(string(page), strings.ReplaceAll("--"+f.Name, "-", `\-`)+`"`) {
				t.Errorf("%s lacks --%s", filepath.Base(path), f.Name)
			}
		})
		if groff, err := exec.LookPath("groff"); err == nil {
			out, err := exec.Command(groff, "-Kutf8", "-man", "-ww", "-z", path).CombinedOutput()
			if err != nil || len(out) > 0 {
				t.Errorf("groff: %v\n%s", err, out)
			}
		}
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				check(sub)
			}
		}
	}
	check(root)
}
