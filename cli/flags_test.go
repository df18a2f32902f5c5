package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/tui"
)

// TestModesGivenTwice: a second --mode adds a mode and drops none silently.
func TestModesGivenTwice(t *testing.T) {
	for _, c := range []struct{ args, want []string }{
		{nil, []string{"prefill"}}, // the default preset's
		{[]string{"--mode", "kv_decode"}, []string{"kv_decode"}},
		{[]string{"--mode", "prefill", "--mode", "kv_decode"}, []string{"prefill", "kv_decode"}},
		{[]string{"--mode", "prefill,e2e_kv", "--mode=kv_decode"}, []string{"prefill", "e2e_kv", "kv_decode"}},
	} {
		cmd := &cobra.Command{}
		addRunFlags(cmd)
		must.OK(t, cmd.ParseFlags(c.args))
		cfg, err := loadConfig(cmd.Flags())
		if err != nil || !slices.Equal(cfg.Modes, c.want) {
			t.Errorf("%q: %v, %v", c.args, cfg, err)
		}
	}
}

// TestThePaceOfTheScreenIsSaidOnce: every command with a live screen says the
// same of --fps, and what the screen goes by.
func TestThePaceOfTheScreenIsSaidOnce(t *testing.T) {
	want := fmt.Sprintf("fewer above %g %% of a core", tui.SlowerAbove)
	for _, c := range []*cobra.Command{newLiveCmd("live"), newExecCmd(), newWatchCmd(), newAttachCmd()} {
		if f := c.Flags().Lookup("fps"); f == nil || !strings.Contains(f.Usage, want) || !strings.Contains(f.Usage, "kept whatever they cost") {
			t.Errorf("%s: %+v lacks %q", c.Name(), f, want)
		}
	}
}
