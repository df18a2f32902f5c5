package runner

import (
	"time"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/paired"
)

// Time between two bootstraps of the pairs. One takes about 100 ms of a core
// beside the session's goroutine, so it is rare, sooner in a new segment, and
// done only while someone looks.
const (
	bandsEvery = 20 * time.Second
	bandsSoon  = 5 * time.Second
)

// bands is a finished bootstrap.
type bands struct {
	mode   stats.Mode
	result paired.BootstrapResult
	noise  *stats.Noise // of an A/A segment, in place of a result
}

// startBands resamples the pairs of the current segment beside the session.
func (s *Session) startBands(now int64) {
	p := &s.pub
	wait := bandsEvery
	if p.bandsSeg != s.seg {
		wait = bandsSoon
	}
	if s.o.Views == nil || p.banding || now-max(p.bandsNs, s.startNs) < int64(wait) {
		return
	}
	mode, err := stats.ParseMode(s.mode())
	if err != nil {
		return
	}
	pairs, segment := s.coll.PairSample(mode)
	if len(pairs) == 0 {
		return
	}
	p.banding, p.bandsNs, p.bandsSeg = true, now, s.seg
	out := p.bands
	go func() {
		r := paired.Bootstrap(pairs, paired.BootstrapOptions{Seed: uint64(now)})
		r.Segment = segment
		out <- bands{mode: mode, result: r}
	}()
}

// takeBands hands a finished bootstrap to the statistics, which drop it when
// its segment is over.
func (s *Session) takeBands(b bands) {
	if b.noise != nil {
		s.coll.SetNoise(b.mode, *b.noise)
		return
	}
	s.pub.banding = false
	s.coll.SetBootstrap(b.mode, b.result)
}

// noiseOfSegment measures the noise floor of an A/A segment that ends, beside
// the session. It comes too late for nothing: until then the statistics use
// what the segment's intervals say.
func (s *Session) noiseOfSegment(now int64) {
	if !s.coll.AA() {
		return
	}
	for mode := range stats.Mode(stats.NumModes) {
		pairs, _ := s.coll.PairSample(mode)
		if len(pairs) == 0 {
			continue
		}
		out := s.pub.bands
		go func() {
			n := paired.NoiseFloor(pairs, uint64(now))
			out <- bands{mode: mode, noise: &n}
		}()
	}
}
