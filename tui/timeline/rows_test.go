package timeline

import (
	"slices"
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/heat"
)

// A mark is no toggle, and where rows are few those stand that tell most: what
// was compiled, in one row; a toggle is a rule in the map.
func TestFewRowsTellMost(t *testing.T) {
	column := func(kinds ...stats.Kind) *heatCol {
		c := &heatCol{}
		for _, k := range kinds {
			c.Ticks = append(c.Ticks, heat.Tick{Kind: k, N: 1})
		}
		return c
	}
	all := []*heatCol{column(stats.KindMark, stats.KindCompile), column(stats.KindRecompile, stats.KindShapeNew), column(stats.KindToggle)}
	for _, c := range []struct {
		of   []*heatCol
		room int
		want []string
	}{
		{all, 9, []string{"toggle", "compile", "recompile", "mark", "new shape"}},
		{all, 3, []string{"compile", "mark", "new shape"}},
		{all, 1, []string{"compile"}},
		{all, 0, nil},
		{all[:1], 9, []string{"compile", "mark"}},
	} {
		var got []string
		for _, l := range tickKinds(c.of, c.room) {
			got = append(got, l.name)
			if c.room == 1 && (l.in(all[0]) != 1 || l.in(all[1]) != 1) {
				t.Error("the one row does not have both compiles")
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("room for %d: %q, want %q", c.room, got, c.want)
		}
	}
}
