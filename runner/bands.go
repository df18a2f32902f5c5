package runner

import (
	"time"

	"tailscope/stats"
)

// bandsEvery is the time between two bootstraps of the pairs: tens of
// milliseconds beside the session's goroutine, and only while someone looks.
const bandsEvery = 5 * time.Second

// bands is a finished bootstrap.
type bands struct {
	mode   stats.Mode
	result stats.BootstrapResult
}

// startBands resamples the pairs of the current segment beside the session.
func (s *Session) startBands(now int64) {
	p := &s.pub
	if s.o.Views == nil || p.banding || now-p.bandsNs < int64(bandsEvery) {
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
	p.banding, p.bandsNs = true, now
	out := p.bands
	go func() {
		r := stats.Bootstrap(pairs, stats.BootstrapOptions{Seed: uint64(now)})
		r.Segment = segment
		out <- bands{mode, r}
	}()
}

// takeBands hands a finished bootstrap to the statistics, which drop it when
// its segment is over.
func (s *Session) takeBands(b bands) {
	s.pub.banding = false
	s.coll.SetBootstrap(b.mode, b.result)
}
