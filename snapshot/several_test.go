package snapshot

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// TestSessionsOnOnePage: each session with its verdict, the lanes side by side, and
// what changed from the first to each other; a session that is not there is an error.
func TestSessionsOnOnePage(t *testing.T) {
	dir := t.TempDir()
	var dirs []string
	for _, name := range []string{"one", "two", "<b>three"} {
		dirs = append(dirs, filepath.Join(dir, name))
		must.OK(t, os.CopyFS(dirs[len(dirs)-1], os.DirFS("testdata/golden/finished")))
	}
	out := filepath.Join(dir, "out")
	must.OK(t, ReportSeveral(dirs, out))
	md, page := read(t, out, "sessions.md"), read(t, out, "sessions.html")
	for _, want := range []string{"# tailscope: 3 sessions", "## From one to two", "## From one to &lt;b>three", "### Side by side"} {
		if !strings.Contains(md, want) {
			t.Errorf("sessions.md does not say %q", want)
		}
	}
	for _, lane := range []string{"eager", "optimized"} {
		if n := strings.Count(md, "| one | variable | "+lane+" |"); n != 1 {
			t.Errorf("%d rows of the first session's %s lane", n, lane)
		}
	}
	if strings.Contains(page, "<b>") || !strings.Contains(page, "&lt;b&gt;three") {
		t.Error("a folder's name is markup in the page")
	}
	if err := ReportSeveral([]string{dirs[0], filepath.Join(dir, "none")}, out); err == nil {
		t.Error("a session that is not there is no error")
	}
}
