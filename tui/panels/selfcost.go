package panels

import (
	"cmp"
	"slices"
	"time"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
)

var SlotSelf = Register(Desc{Name: "self", Focus: true, Least: 5, Make: func() Panel { return &selfPanel{} }, Want: selfLines})

// selfPanel accounts for tailscope itself: what measuring costs, what was
// dropped, and the identity of the run.
type selfPanel struct{ Pane }

func (p *selfPanel) View() string {
	st := p.Sc.St
	w, h := p.Inner()
	title := []draw.Run{draw.R(st.Title, "tailscope itself")}
	var out []string
	for _, f := range p.facts() {
		if f.value == "" {
			continue
		}
		out = append(out, draw.NewLine(w).Put(st.Muted, draw.Left(f.name, 18)).Put(f.k, f.value).String())
	}
	return p.Frame(title, nil, draw.Block(out, w, h))
}

// selfLines is how many facts there are.
func selfLines(sc *Scene, _ int) (n int) {
	for _, f := range (&selfPanel{Pane{Sc: sc}}).facts() {
		if f.value != "" {
			n++
		}
	}
	return n
}

func (p *selfPanel) facts() []field {
	st, v := p.Sc.St, p.Sc.V
	s, self := &v.Session, &v.Self
	fs := []field{
		{"screen", cpuText(self) + " of a core, " + sizeOrMissing(self.RSSBytes), st.Text, 0},
		{"frame p99", spanOrMissing(self.RenderP99), st.Text, 0},
		{"views dropped", draw.Count(self.Dropped) + " replaced by newer ones before they were shown", st.Text, 0},
		{"samples", draw.Count(self.Samples), st.Text, 0},
		{"worker", workerCPU(self) + sizeOrMissing(self.WorkerRSS) + ", " + draw.Count(self.CreditInUse) + " requests ahead", st.Text, 0},
		{"GPU reading", spanOrMissing(self.GPUPoll), st.Text, 0},
		{"run", s.RunID, st.Text, 0}, {"folder", s.Dir, st.Text, 0},
		{"exported", lastOf(v.Exports), st.Text, 0},
		{"compile cache", sizeOrMissing(v.Lanes[stats.Optimized].CacheBytes), st.Text, 0},
		{"engine", s.Engine + " · " + cmp.Or(providerText(s), draw.Missing), st.Text, 0}, {"device", s.Device, st.Text, 0},
	}
	if v.Replay != nil { // what it cost then is not kept
		fs = slices.DeleteFunc(fs, func(f field) bool { return slices.Contains(costFacts, f.name) })
	}
	for _, r := range s.Refusals {
		fs = append(fs, field{"refused", r, st.Muted, 0})
	}
	return fs
}

// costFacts are the rows of a session that runs.
var costFacts = []string{"screen", "frame p99", "views dropped", "worker", "GPU reading", "compile cache"}

// workerCPU is the worker's share of a core, "" where nobody reads it.
func workerCPU(s *view.Self) string {
	if !draw.Finite(s.WorkerCPU) || s.WorkerRSS == 0 {
		return ""
	}
	return draw.Num(s.WorkerCPU, 0) + " % of a core, "
}

func spanOrMissing(d time.Duration) string {
	if d <= 0 {
		return draw.Missing
	}
	return draw.Brief(float64(d))
}

func lastOf(xs []string) string {
	if len(xs) == 0 {
		return ""
	}
	return xs[len(xs)-1]
}
