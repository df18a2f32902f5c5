package startup

import "github.com/tailscope/tailscope/stats"

// Times are those of one start of one lane, in nanoseconds: loading the model,
// and then what the lane's own requests took. The other lane's, and what is done
// between requests, are none of this start's: it is that of a lane served alone.
type Times struct {
	LoadNs   int64 `json:"load_ns"`                  // until the model was there
	FirstNs  int64 `json:"first_ns"`                 // and the first token; without one of its own, the first request
	SteadyNs int64 `json:"steady_ns"`                // and all requests up to the last one that compiled or recorded something
	Compile  int64 `json:"compile_ns"`               // spent making executables
	Made     int   `json:"made"`                     // requests that compiled or recorded
	Steady   bool  `json:"steady"`                   // a request came after that and made nothing
	Served   int   `json:"served"`                   // requests of the lane
	Failed   int   `json:"failed"`                   // of these
	Hits     int   `json:"cache_hits,omitempty"`     // graphs that a cache had, as the engine counts
	Misses   int   `json:"cache_misses,omitempty"`   // and those that it had not
	Bypassed int   `json:"cache_bypassed,omitempty"` // graphs that no cache takes
}

// making is what a request that the lane is not steady in carries.
const making = stats.FlagCompile | stats.FlagRecompile | stats.FlagCapture

// Start takes one session's records.
type Start struct {
	lane stats.Lane
	told bool  // the model is there
	own  int64 // what the lane's requests took
	t    Times
}

// New follows the lane's start.
func New(lane stats.Lane) *Start { return &Start{lane: lane} }

// Loaded takes the event that the model is there; later generations of the
// worker are none of this start's.
func (s *Start) Loaded(e *stats.Event) {
	if !s.told {
		s.told, s.t.LoadNs = true, e.DurNs
	}
}

// Sample takes the next sample, warm-ups too. Of another generation, lane, or
// before the model was there it is none of this start's.
func (s *Start) Sample(x *stats.Sample) {
	if !s.told || x.Generation > 0 || x.Lane != s.lane {
		return
	}
	s.t.Served++
	begin := s.t.LoadNs + s.own
	s.own += x.WallNs
	end := s.t.LoadNs + s.own
	if x.Failed {
		s.t.Failed++
		return
	}
	if s.t.FirstNs == 0 {
		s.t.FirstNs = end
		if x.TTFTNs > 0 {
			s.t.FirstNs = begin + x.TTFTNs
		}
	}
	s.t.Compile += x.CompileNs
	if s.t.Steady = x.Flags&making == 0; !s.t.Steady {
		s.t.Made++
	}
	if !s.t.Steady || s.t.SteadyNs == 0 {
		s.t.SteadyNs = end
	}
}

// Caches takes what the engine counted of its cache of compiled graphs.
func (s *Start) Caches(hits, misses, bypassed int) {
	s.t.Hits, s.t.Misses, s.t.Bypassed = hits, misses, bypassed
}

// Times returns the start; false where the lane served nothing.
func (s *Start) Times() (Times, bool) { return s.t, s.t.Served > s.t.Failed }
