package runner

import "github.com/tailscope/tailscope/runner/plan"

// ends reports whether the plan has an end: then every request of it runs,
// whatever is toggled meanwhile, but for scenarios that are switched off.
func (q *queue) ends() bool { return q.cfg.Reps > 0 || q.traffic != nil }

// reshelve puts what has not run where the settings in force want it: into the
// queue, back into the plan of its mode, or aside until its mode runs again.
// dropped is what a flush took back.
func (q *queue) reshelve(dropped []*inflight, set settings) {
	seconds := map[uint64]bool{} // requests whose second lane waits in the block
	for _, fl := range q.block {
		seconds[fl.id] = true
	}
	back := map[string][]plan.Item{}
	unsent := map[uint64]bool{} // whose second lane goes back with the first
	waiting, rest := dropped, q.again
	if q.ends() { // what waits was planned under other settings, too
		waiting, rest = append(dropped, q.again...), nil
	}
	q.again = nil
	for _, fl := range waiting {
		half, here := len(fl.order) == 1, fl.item.Mode == q.mode()
		switch {
		case !set.covers(fl):
			unsent[fl.id] = true
		case here && half == (set.pairing == "sequential"):
			q.again = append(q.again, fl)
		case !q.ends():
		case half && !seconds[fl.id]:
			q.putAside(fl)
		default:
			unsent[fl.id] = true
			back[fl.item.Mode] = append(back[fl.item.Mode], fl.item)
		}
	}
	q.again = append(q.again, rest...)
	q.reshelveBlock(unsent, set)
	for mode, items := range back {
		if p := q.plans[mode]; p != nil {
			p.GiveBack(items)
		}
	}
}

// reshelveBlock sorts out second lanes: those of requests that go back as a
// whole are forgotten.
func (q *queue) reshelveBlock(unsent map[uint64]bool, set settings) {
	block := q.block
	q.block = nil
	for _, fl := range block {
		switch {
		case unsent[fl.id]:
		case fl.item.Mode == q.mode() && set.pairing == "sequential":
			q.block = append(q.block, fl)
		default:
			q.putAside(fl)
		}
	}
	if len(q.block) == 0 {
		q.blockLen = 0
	}
}

// putAside keeps the second lane of a request whose first has run, until its
// mode is the current one.
func (q *queue) putAside(fl *inflight) {
	if mode := fl.item.Mode; mode != q.mode() {
		q.later[mode] = append(q.later[mode], fl)
		return
	}
	q.again = append(q.again, fl)
}
