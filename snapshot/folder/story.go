package folder

import "github.com/tailscope/tailscope/stats"

// story is what events tell that a reader of the report wants to know: when each
// segment began and why, and each executable that was made.
type story struct {
	Begins   map[int32]Begin
	Compiles []stats.Event // the first of them
	Made     int           // all of them
}

// Begin is the beginning of a segment.
type Begin struct {
	S     float64 // since the start
	Label string  // the change that began it, a few words
}

// Bounds of what is kept for the report.
const (
	maxBegins   = 1000
	maxCompiles = 300
)

func (s *story) take(e *stats.Event, startNs int64) {
	switch {
	case e.Kind == stats.KindSegment && len(s.Begins) < maxBegins:
		if s.Begins == nil {
			s.Begins = map[int32]Begin{}
		}
		label, _ := e.Extra["label"].(string)
		s.Begins[e.Segment] = Begin{float64(e.TNs-startNs) / 1e9, label}
	case e.Kind == stats.KindCompile || e.Kind == stats.KindRecompile:
		if s.Made++; len(s.Compiles) < maxCompiles {
			s.Compiles = append(s.Compiles, *e)
		}
	}
}

// Segments is the number of those that a mode ran in.
func (c *Collected) Segments(mode stats.Mode) int {
	for i := range c.Modes {
		if c.Modes[i].Mode == mode {
			return max(len(c.Modes[i].Summary.Segments), 1)
		}
	}
	return 0
}
