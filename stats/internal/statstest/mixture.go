package statstest

import (
	"math"
	"math/rand/v2"

	"github.com/tailscope/tailscope/stats"
)

// Mixture makes one lane's samples with a known reason for each slow one.
type Mixture struct {
	R     *rand.Rand
	seq   uint64
	T     int64
	Truth map[uint64]stats.Cause
	Rows  []stats.Sample
}

func NewMixture(seed uint64) *Mixture {
	return &Mixture{R: rand.New(rand.NewPCG(seed, 9)), T: 1e9, Truth: map[uint64]stats.Cause{}}
}

func (m *Mixture) Add(shape string, wall float64, change func(*stats.Sample)) *stats.Sample {
	s := stats.Sample{Seq: m.seq, Request: m.seq, Lane: stats.Optimized, Mode: stats.Prefill, Scenario: "s", Strategy: "variable", Shape: shape,
		Batch: 1, Tokens: 8, ExecutedTokens: 8, StartNs: m.T, WallNs: int64(wall * math.Exp(0.05*m.R.NormFloat64())),
		DeviceNs: stats.Absent, ResponseNs: stats.Absent, TTFTNs: stats.Absent, NthInRun: int32(m.seq), MinFlt: 2}
	if change != nil {
		change(&s)
	}
	m.T += s.WallNs
	m.seq++
	m.Rows = append(m.Rows, s)
	return &m.Rows[len(m.Rows)-1]
}

// Build makes 10,000 samples of 1 ms in shape a and, among them, slow ones of
// every cause; shape b is slow by nature (6 ms), so it is work.
func (m *Mixture) Build() {
	m.Add("a", 20e6, nil) // the first of its shape and of the run: shape_new comes first
	m.Truth[0] = stats.CauseShapeNew
	for i := 1; i < 10000; i++ {
		seq := m.seq
		say := func(c stats.Cause) { m.Truth[seq] = c }
		switch {
		case i%500 == 17:
			m.Add("a", 30e6, func(s *stats.Sample) { s.Flags |= stats.FlagRecompile | stats.FlagThrottle; s.CompileNs = 29e6 })
			say(stats.CauseCompile)
		case i%500 == 37:
			m.Add("a", 9e6, func(s *stats.Sample) { s.Flags |= stats.FlagCapture })
			say(stats.CauseCapture)
		case i%500 == 57:
			m.Add("a", 8e6, func(s *stats.Sample) { s.Flags |= stats.FlagFallback })
			say(stats.CauseFallback)
		case i == 77:
			m.Add("b", 6e6, nil)
			say(stats.CauseWork)
		case i%400 == 78:
			m.Add("b", 6e6, nil)
			say(stats.CauseWork)
		case i%500 == 97:
			m.Add("a", 12e6, func(s *stats.Sample) { s.Flags |= stats.FlagClockDrop })
			say(stats.CauseGPU)
		case i%500 == 117:
			m.Add("a", 11e6, func(s *stats.Sample) { s.RunDelayNs = s.WallNs / 2 })
			say(stats.CauseHost)
		case i%1000 == 137:
			m.Add("a", 11e6, func(s *stats.Sample) { s.MajFlt = 60 }) // 6 ms by estimate
			say(stats.CauseHost)
		case i%1000 == 157:
			m.Add("a", 11e6, func(s *stats.Sample) { s.Flags |= stats.FlagTool; s.RunDelayNs = 1e6 })
			say(stats.CauseTool)
		case i%500 == 177:
			m.Add("a", 13e6, func(s *stats.Sample) { s.RunDelayNs = 2e6 }) // far less than half
			say(stats.CauseUnexplained)
		default:
			m.Add("a", 1e6, nil)
		}
	}
}

// Paradox makes 2,700 interleaved requests: the optimized lane is twice as fast
// and recompiles 135 times.
func Paradox(padded bool) *Mixture {
	m := NewMixture(31)
	for i := range 2700 {
		for lane := stats.Lane(0); lane < stats.NumLanes; lane++ {
			wall := 1e6
			if lane == stats.Eager {
				wall = 2e6
			}
			m.Add("a", wall, func(s *stats.Sample) {
				s.Lane, s.Request, s.Order = lane, uint64(i), uint8(lane)
				s.NthInRun = int32(i)
				if padded {
					s.Strategy = "padded"
				}
				if lane == stats.Optimized && i%20 == 3 && !padded {
					s.Flags, s.CompileNs, s.WallNs = stats.FlagRecompile, 30e6, s.WallNs+30e6
				}
			})
		}
	}
	return m
}
