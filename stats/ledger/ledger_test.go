package ledger

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/tailscope/tailscope/stats"
)

func ms(x float64) int64 { return int64(1e6 * x) }

// What the audit planted, and more: the largest measured part names the sample,
// if it is half of the excess.
func TestLargestPartNamesTheSample(t *testing.T) {
	const shape, lane = 2e6, 2e6
	for _, c := range []struct {
		name        string
		s           stats.Sample
		shape, lane float64
		want        stats.Cause
	}{
		{"a compile", stats.Sample{WallNs: ms(40), CompileNs: ms(38), Flags: stats.FlagRecompile}, shape, lane, stats.CauseCompile},
		{"everything compiles: no median is known", stats.Sample{WallNs: ms(40), CompileNs: ms(38), Flags: stats.FlagRecompile}, math.NaN(), math.NaN(), stats.CauseCompile},
		{"0.2 ms of compile beside 200 ms", stats.Sample{WallNs: ms(202), CompileNs: ms(.2), Flags: stats.FlagRecompile}, shape, lane, stats.CauseUnexplained},
		{"a compile without a time", stats.Sample{WallNs: ms(40), Flags: stats.FlagRecompile}, shape, lane, stats.CauseCompile},
		{"the host stalls a long prompt", stats.Sample{WallNs: ms(30), RunDelayNs: ms(18)}, 12e6, lane, stats.CauseHost},
		{"a long prompt", stats.Sample{WallNs: ms(12.5), RunDelayNs: 0}, 12e6, lane, stats.CauseWork},
		{"the host stalls a first of its shape", stats.Sample{WallNs: ms(30), RunDelayNs: ms(27), Flags: stats.FlagShapeNew}, shape, lane, stats.CauseHost},
		{"a first of its shape", stats.Sample{WallNs: ms(30), RunDelayNs: ms(1), Flags: stats.FlagShapeNew}, math.NaN(), lane, stats.CauseShapeNew},
		{"45 % of the excess is the host's", stats.Sample{WallNs: ms(22), RunDelayNs: ms(9)}, shape, lane, stats.CauseUnexplained},
		{"half of it is", stats.Sample{WallNs: ms(22), RunDelayNs: ms(10.1)}, shape, lane, stats.CauseHost},
		{"page faults from storage", stats.Sample{WallNs: ms(12), MajFlt: 60}, shape, lane, stats.CauseHost},
		{"an eviction alone", stats.Sample{WallNs: ms(50), Flags: stats.FlagEvict}, shape, lane, stats.CauseUnexplained},
		{"a capture", stats.Sample{WallNs: ms(50), Flags: stats.FlagCapture}, shape, lane, stats.CauseCapture},
		{"a fallback that throttles", stats.Sample{WallNs: ms(50), Flags: stats.FlagFallback | stats.FlagThrottle}, shape, lane, stats.CauseFallback},
		{"a throttled GPU", stats.Sample{WallNs: ms(50), Flags: stats.FlagClockDrop}, shape, lane, stats.CauseGPU},
		{"a cold start", stats.Sample{WallNs: ms(50), Flags: stats.FlagColdStart}, shape, lane, stats.CauseColdStart},
		{"the tool", stats.Sample{WallNs: ms(50), Flags: stats.FlagTool}, shape, lane, stats.CauseTool},
		{"nothing", stats.Sample{WallNs: ms(50)}, shape, lane, stats.CauseUnexplained},
		{"nothing known at all", stats.Sample{WallNs: ms(50), Flags: stats.FlagFallback}, math.NaN(), math.NaN(), stats.CauseFallback},
		{"absent measurements", stats.Sample{WallNs: ms(50), RunDelayNs: stats.Absent, MinFlt: stats.Absent, MajFlt: stats.Absent}, shape, lane, stats.CauseUnexplained},
	} {
		e := EvidenceOf(&c.s)
		if got := Classify(&e, c.shape, c.lane); got != c.want {
			p, excess := e.Split(c.shape, c.lane)
			t.Errorf("%s: %v, want %v (%v of %v)", c.name, got, c.want, p, excess)
		}
	}
}

// Parts are never negative and add up to the excess, but that measured ones may
// overlap; what settles is never above what was measured.
func TestPartsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ns := func(name string) int64 { return rapid.Int64Range(-1, 1e9).Draw(t, name) }
		s := stats.Sample{WallNs: ns("wall"), RunDelayNs: ns("delay"), CompileNs: ns("compile"), MinFlt: rapid.Int64Range(-1, 1000).Draw(t, "faults"),
			MajFlt: stats.Absent, Flags: stats.Flag(rapid.Uint16Range(0, 1<<12-1).Draw(t, "flags"))}
		median := func(name string) float64 {
			if v := ns(name); v > 0 {
				return float64(v)
			}
			return math.NaN()
		}
		shape, lane := median("shape"), median("lane")
		e := EvidenceOf(&s)
		p, excess := e.Split(shape, lane)
		sum, most := 0.0, 0.0
		for _, x := range p {
			if !(x >= 0) {
				t.Fatalf("%v", p)
			}
			sum, most = sum+x, math.Max(most, x)
		}
		if sum < excess*(1-1e-6)-1 || most > excess*(1+1e-6)+1 {
			t.Fatalf("%v of %v", p, excess)
		}
		if c := Classify(&e, shape, lane); c == stats.CauseNone || c >= stats.NumCauses {
			t.Fatalf("cause %v", c)
		}
		if b, ok := e.Settled(shape); ok && b > e.Wall+1 {
			t.Fatalf("%v settles at %v", e.Wall, b)
		}
	})
}
