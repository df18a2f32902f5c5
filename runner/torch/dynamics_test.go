package torch

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// TestDimensionsMarkedOneByOne, with PyTorch: a marked dimension makes one
// executable for all its sizes, another one of each of its own; 0 and 1 are told, and
// equal sizes where none is marked.
func TestDimensionsMarkedOneByOne(t *testing.T) {
	entry := must.Get(filepath.Abs("testdata/dims.py"))(t)
	for name, c := range map[string]struct {
		dims, by string
		sizes    [][2]int // rows and columns
		graphs   int
		told     string
	}{
		"columns alone":     {"cols", "mark", [][2]int{{4, 8}, {4, 16}, {5, 16}}, 2, ""},
		"a row is a number": {"rows,cols", "mark", [][2]int{{1, 8}, {1, 16}, {4, 16}, {8, 8}}, 2, "rows is 1: torch compiles 0 and 1 in as numbers"},
		"unbacked":          {"rows,cols", "unbacked", [][2]int{{8, 8}, {9, 9}, {8, 16}}, 1, ""},
		"equal sizes":       {"", "mark", [][2]int{{8, 8}, {9, 9}, {8, 16}}, 2, "rows and cols are both 8: torch takes equal sizes for one size"},
		"no such name":      {"columns", "mark", [][2]int{{4, 8}}, 1, "there is no dimension columns here: there are rows, cols"},
	} {
		t.Run(name, func(t *testing.T) {
			s := openReal(t, protocol.Load{Name: "mine", Model: "x", Modes: []string{"forward"}, Threads: 1, Check: 1, Compile: "inline",
				Options: map[string]string{"entry": entry + ":rows", "device": "cpu", "explain": "false", "backend": "aot_eager", "dynamic_dims": c.dims, "dynamic_by": c.by}})
			for i, n := range c.sizes {
				r := req(uint64(i+1), "forward", "dynamic", "eager", 0, 0)
				r.Dims = map[string]int{"rows": n[0], "cols": n[1]}
				s.send(r)
			}
			s.drainAndStop(t, uint64(len(c.sizes)))
			made := append(s.events(stats.KindCompile), s.events(stats.KindRecompile)...)
			if len(made) != c.graphs || len(s.events(stats.KindFallback)) > 0 || len(s.events(stats.KindDivergence)) > 0 {
				t.Errorf("%d executables, want %d; fallbacks %v", len(made), c.graphs, s.events(stats.KindFallback))
			}
			told := func(e *protocol.Event) bool { return c.told != "" && strings.Contains(e.Reason, c.told) }
			marks := slices.DeleteFunc(s.events(stats.KindMark), func(e *protocol.Event) bool { return strings.HasPrefix(e.Reason, "loading") })
			if slices.ContainsFunc(marks, told) != (c.told != "") || c.told == "" && len(marks) > 0 {
				t.Errorf("told %+v, want %q", marks, c.told)
			}
		})
	}
}
