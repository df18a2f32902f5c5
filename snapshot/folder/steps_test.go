package folder

import (
	"testing"

	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
)

// longDecodes is a journal of requests with far more steps than its manifest
// promises.
type longDecodes struct{ requests, steps int }

func (l longDecodes) Count() (uint64, error) { return uint64(l.requests), nil }

func (l longDecodes) Records(yield func(*journal.Record) error) (d journal.Damage, err error) {
	ts := made.New(1)
	for i := range l.requests {
		r := &journal.Record{Kind: journal.KindSample, Sample: *ts.Sample(uint64(i), stats.Eager, stats.KVDecode), Steps: make([]int64, l.steps)}
		if err := yield(r); err != nil {
			return d, err
		}
	}
	return d, nil
}

// TestStepsAreBounded: steps that a manifest says nothing of take no more memory
// than those that it promises.
func TestStepsAreBounded(t *testing.T) {
	old := analysisSteps
	analysisSteps = 1000
	defer func() { analysisSteps = old }()
	m := &Manifest{}
	c, err := collect(longDecodes{100, 400}, m, nil)
	if err != nil || c.steps == 0 || c.steps > analysisSteps {
		t.Errorf("%d steps are kept: %v", c.steps, err)
	}
	if m.Counts.Samples != 100 {
		t.Errorf("%d samples", m.Counts.Samples)
	}
}
