package folder

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/stats"
)

// TestPercentileFile: each line of an .hgrm file says how many samples lie at
// or below its value, microseconds included.
func TestPercentileFile(t *testing.T) {
	dir := t.TempDir()
	var h hists
	for i := range 1000 {
		h.add(&stats.Sample{WallNs: int64(5_000 + 17*i)}) // 5 to 22 µs
	}
	at := must.Get(door.Open(dir))(t)
	defer at.Close()
	must.OK(t, h.write(at, stats.Prefill))
	b := must.Get(os.ReadFile(filepath.Join(dir, "eager.hgrm")))(t)
	lines := 0
	for l := range strings.Lines(string(b)) {
		f := strings.Fields(l)
		if len(f) != 4 || f[0] == "Value" || strings.HasPrefix(l, "#") {
			continue
		}
		lines++
		ms, err := strconv.ParseFloat(f[0], 64)
		count, err2 := strconv.Atoi(f[2])
		if err != nil || err2 != nil {
			t.Fatal(l, err, err2)
		}
		want := (ms*1e6-5000)/17 + 1
		if want = min(want, 1000); math.Abs(float64(count)-want) > 2 {
			t.Errorf("%d samples at or below %s ms, want %.0f", count, f[0], want)
		}
	}
	if lines < 20 || !strings.Contains(string(b), "Total count    =         1000") {
		t.Errorf("%d lines\n%s", lines, b)
	}
}
