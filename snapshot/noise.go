package snapshot

import (
	"fmt"

	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/exact"
)

// NoiseFloors measures the A/A segments of a recorded session: the noise floor
// of each mode that has pairs in them. The error says when there are none.
func NoiseFloors(dir string) (map[string]stats.Noise, error) {
	s, err := Open(dir)
	if err != nil {
		return nil, fmt.Errorf("noise: %w", err)
	}
	a := exact.New(exact.Options{Facts: stats.Facts{AA: s.Manifest.Settings.AA}})
	_, err = s.Records(func(r *journal.Record) error {
		switch r.Kind {
		case journal.KindSample:
			a.Add(&r.Sample)
		case journal.KindEvent:
			a.AddEvent(&r.Event)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("noise: %w", err)
	}
	out := map[string]stats.Noise{}
	for _, mode := range a.Modes() {
		if n := a.NoiseFloor(mode); n != (stats.Noise{}) {
			out[mode.String()] = n
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("noise: %s has no A/A pairs: record one with --config aa", dir)
	}
	return out, nil
}
