package folder

import (
	"errors"
	"io/fs"

	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
)

// maxGenerations bounds the worker generations that a manifest may claim.
const maxGenerations = 10_000

// proofs hands out, of each worker generation, what it loaded, evidence and
// counters. Of what was loaded the manifest has the last only.
func (s *folderSource) proofs(r *journal.Record, emit func(journal.Kind) error) error {
	var ev EvidenceFile
	if err := s.dir.ReadJSON(EvidenceName, &ev); err != nil {
		return err
	}
	counters, err := s.counters()
	if err != nil {
		return err
	}
	r.Loaded = s.m.loadedRecord()
	for g := range min(max(s.m.Counts.Generations, 1), maxGenerations) {
		if err := emit(journal.KindLoaded); err != nil {
			return err
		}
		for i := range ev.Executables {
			if r.Evidence = ev.Executables[i].Evidence; ev.Executables[i].Generation != g {
				continue
			}
			if err := emit(journal.KindEvidence); err != nil {
				return err
			}
		}
		if c := counters[g]; c != nil {
			r.Counters = *c
			if err := emit(journal.KindCounters); err != nil {
				return err
			}
		}
	}
	return nil
}

// counters puts the counters of all modes together again, by generation.
func (s *folderSource) counters() (map[int]*protocol.Counters, error) {
	out := map[int]*protocol.Counters{}
	of := func(generation int) *protocol.Counters {
		if out[generation] == nil {
			out[generation] = &protocol.Counters{T: "counters"}
		}
		return out[generation]
	}
	for i := range stats.NumModes {
		mode := stats.Mode(i).String()
		var f CounterFile
		err := s.dir.ReadJSON(mode+"/compiler_counters.json", &f)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		last := 0
		for _, g := range f.Groups {
			of(g.Generation).Groups = append(of(g.Generation).Groups, g.Counter)
		}
		for _, k := range f.Checks {
			c := &of(k.Generation).Checks
			c.Note(mode, protocol.ModeChecks{N: k.N, Failed: k.Failed, MaxRelL2: k.MaxRelL2})
			c.Tolerance, c.Skipped, last = k.Tolerance, k.Skipped, k.Generation
		}
		of(last).Engine = f.Engine
	}
	return out, nil
}

// loadedRecord is what the manifest keeps of the engine's answer to load.
func (m *Manifest) loadedRecord() protocol.Loaded {
	e := &m.Engine
	return protocol.Loaded{T: "loaded", DurNs: e.LoadNs, Model: m.Model, ProviderAsked: e.ProviderAsked, Provider: e.Provider,
		Device: e.Device, Refusals: e.Refusals, Backends: e.Backends, Threads: e.Threads, CPUs: e.CPUs, Boundary: e.Boundary, Roof: e.Roof, Precision: e.Precision,
		Notes: e.Notes, Versions: e.Versions, Libraries: e.Libraries}
}
