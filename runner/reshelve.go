package runner

// ends reports whether the plan has an end: then every request of it runs,
// whatever is toggled meanwhile, but for scenarios that are switched off.
func (s *Session) ends() bool { return s.cfg.Reps > 0 || s.o.Traffic != nil }

// reshelve puts what has not run where the settings in force want it: into the
// queue, back into the plan of its mode, or aside until its mode runs again.
// dropped is what a flush took back.
func (s *Session) reshelve(dropped []*inflight) {
	w := &s.work
	seconds := map[uint64]bool{} // requests whose second lane waits in the block
	for _, fl := range w.block {
		seconds[fl.id] = true
	}
	back := map[string][]Item{}
	unsent := map[uint64]bool{} // whose second lane goes back with the first
	queue, rest := dropped, w.again
	if s.ends() { // what waits was planned under other settings, too
		queue, rest = append(dropped, w.again...), nil
	}
	w.again = nil
	for _, fl := range queue {
		half, here := len(fl.order) == 1, fl.item.Mode == s.mode()
		switch {
		case !s.inScenario(fl):
			unsent[fl.id] = true
		case here && half == (s.pairing == "sequential"):
			w.again = append(w.again, fl)
		case !s.ends():
		case half && !seconds[fl.id]:
			s.putAside(fl)
		default:
			unsent[fl.id] = true
			back[fl.item.Mode] = append(back[fl.item.Mode], fl.item)
		}
	}
	w.again = append(w.again, rest...)
	s.reshelveBlock(unsent)
	for mode, items := range back {
		if p := s.plans[mode]; p != nil {
			p.giveBack(items)
		}
	}
}

// reshelveBlock sorts out second lanes: those of requests that go back as a
// whole are forgotten.
func (s *Session) reshelveBlock(unsent map[uint64]bool) {
	block := s.work.block
	s.work.block = nil
	for _, fl := range block {
		switch {
		case unsent[fl.id]:
		case fl.item.Mode == s.mode() && s.pairing == "sequential":
			s.work.block = append(s.work.block, fl)
		default:
			s.putAside(fl)
		}
	}
	if len(s.work.block) == 0 {
		s.work.blockLen = 0
	}
}

// putAside keeps the second lane of a request whose first has run, until its
// mode is the current one.
func (s *Session) putAside(fl *inflight) {
	if mode := fl.item.Mode; mode != s.mode() {
		if s.work.later == nil {
			s.work.later = map[string][]*inflight{}
		}
		s.work.later[mode] = append(s.work.later[mode], fl)
		return
	}
	s.work.again = append(s.work.again, fl)
}

func (s *Session) inScenario(fl *inflight) bool {
	return s.scenario == "" || s.scenario == "*" || fl.item.Scenario == s.scenario
}
