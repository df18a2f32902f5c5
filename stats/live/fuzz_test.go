package live

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/exact"
	"github.com/tailscope/tailscope/stats/paired"
)

// extremes are the values that arithmetic trips over.
var extremes = [16]int64{0, 1, -1, 2, 999, 1e6, 2e6, 3e6, 1e9, 1e12, 1 << 50, 1 << 62, math.MaxInt64 - 1, math.MaxInt64, math.MinInt64, -1e9}

// samplesOf reads 6 bytes a sample: what it is, and picks of extremes.
func samplesOf(b []byte) []stats.Sample {
	var out []stats.Sample
	for i := 0; i+6 <= len(b) && len(out) < 4000; i += 6 {
		x := b[i : i+6]
		s := stats.Sample{Seq: uint64(len(out)), Request: uint64(x[0]>>1 | x[1]<<7), Lane: stats.Lane(x[0] & 1), Mode: stats.Mode(x[1] >> 7 & 1),
			Segment: int32(len(out) / 1500), Generation: int32(x[1] >> 6 & 1), NthInRun: int32(len(out)),
			Scenario: string(rune('a' + x[2]&3)), Strategy: "variable", Shape: string(rune('0' + x[2]>>2&7)), Warmup: x[2] > 250, Failed: x[2] == 250,
			Flags: stats.Flag(binary.LittleEndian.Uint16(x[3:])) & (stats.EventFlags | stats.FlagTool), Tokens: int32(x[3]), ExecutedTokens: int32(x[4]), Batch: 1,
			WallNs: extremes[x[5]&15], StartNs: extremes[x[5]>>4], DeviceNs: stats.Absent, ResponseNs: stats.Absent, TTFTNs: stats.Absent, CompileNs: extremes[x[4]&15]}
		if x[3]&1 == 1 {
			s.DeviceNs, s.ResponseNs, s.TTFTNs = extremes[x[4]>>4], extremes[x[3]>>4], extremes[x[2]&15]
		}
		if x[3]&3 == 0 { // most samples are plain, so that clean groups exist
			s.Flags, s.CompileNs = 0, 0
		}
		out = append(out, s)
	}
	return out
}

// Whatever comes, live and exported statistics count it once, quantiles ascend,
// causes add up to the tail, and the summary is valid JSON.
func FuzzSession(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 0, 0, 0, 0, 6})
	seed := make([]byte, 6*2400)
	for i := range seed {
		seed[i] = byte(i * i * 7 / 3)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, b []byte) {
		c, a := New(Options{SLONs: 2e6}), exact.New(exact.Options{SLONs: 2e6})
		segment := int32(0)
		for _, s := range samplesOf(b) {
			if s.Segment > segment {
				segment = s.Segment
				c.NewSegment(segment, "next", segment%2 == 1, s.StartNs)
			}
			a.Add(&s)
			c.Add(&s)
		}
		for mode := range stats.Mode(2) {
			live, file := c.Live(mode, 1e9), a.Finish(mode)
			must.Get(json.Marshal(file))(t)
			for _, g := range file.Groups {
				if g.Scenario == "*" && g.Segment == "*" {
					l, _ := stats.ParseLane(g.Lane)
					checkFuzzed(t, &live.Lanes[l], g.N)
				}
			}
			paired.Bootstrap(c.modes[0].recentPairs(), paired.BootstrapOptions{Resamples: 20})
		}
	})
}

func checkFuzzed(t *testing.T, v *stats.LaneView, n int) {
	if v.Session.N != n {
		t.Fatalf("live %d samples, exported %d", v.Session.N, n)
	}
	sum, prev := 0, math.Inf(-1)
	for _, r := range v.Causes {
		sum += r.N
	}
	if sum != v.TailN {
		t.Fatalf("causes add up to %d of %d", sum, v.TailN)
	}
	for _, q := range []stats.Quantile{v.Session.P50, v.Session.P90, v.Session.P95, v.Session.P99, v.Session.P999} {
		if math.IsNaN(q.Value) || q.Value < prev || q.Lo > q.Value || q.Hi < q.Value {
			t.Fatalf("quantile %+v after %v", q, prev)
		}
		prev = q.Value
	}
}

func (m *modeState) recentPairs() []paired.Pair {
	if m == nil {
		return nil
	}
	pairs, _ := m.pairs.inOrder()
	return pairs
}
