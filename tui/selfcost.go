package tui

import (
	"time"

	"github.com/tailscope/tailscope/stats"
)

var slotSelf = register(desc{name: "self", focus: true, least: 5, make: func() panel { return &selfPanel{} }, want: func(sc *scene, w int) int { return 13 }})

// selfPanel accounts for tailscope itself: what measuring costs, what was
// dropped, and the identity of the run.
type selfPanel struct{ pane }

func (p *selfPanel) view() string {
	st := p.sc.st
	w, h := p.inner()
	title := []run{{st.title, "tailscope itself"}}
	if w < 1 || h < 1 {
		return p.frame(title, nil, nil)
	}
	var out []string
	for _, f := range p.facts() {
		if f.value == "" {
			continue
		}
		out = append(out, newLine(w).put(st.muted, left(f.name, 18)).put(f.k, f.value).String())
	}
	return p.frame(title, nil, block(out, w, h))
}

func (p *selfPanel) facts() []field {
	st, v := p.sc.st, p.sc.v
	s, self := &v.Session, &v.Self
	fs := []field{
		{"screen", cpuText(self) + " of a core, " + sizeOrMissing(self.RSSBytes), st.text, 0},
		{"frame p99", frameText(self), st.text, 0},
		{"views dropped", count(self.Dropped) + " replaced by newer ones before they were shown", st.text, 0},
		{"samples", count(self.Samples), st.text, 0},
		{"worker", sizeOrMissing(self.WorkerRSS) + ", " + count(self.CreditInUse) + " requests ahead", st.text, 0},
		{"GPU reading", spanOrMissing(self.GPUPoll), st.text, 0},
		{"run", s.RunID, st.text, 0}, {"folder", s.Dir, st.text, 0},
		{"exported", lastOf(v.Exports), st.text, 0},
		{"compile cache", sizeOrMissing(v.Lanes[stats.Optimized].CacheBytes), st.text, 0},
		{"engine", s.Engine + " · " + orMissing(providerText(s)), st.text, 0}, {"device", s.Device, st.text, 0},
	}
	for _, r := range s.Refusals {
		fs = append(fs, field{"refused", r, st.muted, 0})
	}
	return fs
}

func spanOrMissing(d time.Duration) string {
	if d <= 0 {
		return missing
	}
	return brief(float64(d))
}

func lastOf(xs []string) string {
	if len(xs) == 0 {
		return ""
	}
	return xs[len(xs)-1]
}
