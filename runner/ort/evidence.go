package ort

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/ort/probe"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// evidenceJob is an executable whose proof is still to be taken: a second
// session, made the same way with ONNX Runtime's profiler on, runs once. That
// costs as much as the compile did, so it is never done inside a request.
type evidenceJob struct {
	e     protocol.Evidence
	graph *native.Graph
	spec  native.SessionSpec
	group *group
	shape target // of the request that it was made for
	first bool   // of its mode, strategy and phase: taken right after its request
}

// evidence queues the proof of an executable.
func (e *engine) evidence(l *lane, r *protocol.Request, ch *choice, x *executable, spec native.SessionSpec) {
	k := [3]string{r.Mode, label(r), x.key.phase}
	first := !e.proven[k]
	e.proven[k] = true
	backend := e.backends[stats.Optimized]
	e.jobs = append(e.jobs, &evidenceJob{
		graph: ch.graph, spec: spec, group: ch.group, shape: ch.shape, first: first,
		e: protocol.Evidence{
			Lane: l.name, Mode: r.Mode, Strategy: label(r), Shape: x.key.shape,
			BackendRequested: backend, BackendActual: backend, CompileNs: x.s.MakeNs, Bytes: x.bytes,
			Extra: map[string]any{"phase": x.key.phase, "provider": e.maker.Provider.Name, "options": e.maker.Provider.Options},
		},
	})
}

// maxProofs is how many proofs may wait for a quiet moment: where executables
// come and go all the time, none may come.
const maxProofs = 256

// proveFirst takes the proofs that may not wait: those of the first
// executable of each mode, strategy and phase. The oldest that wait in vain
// are sent without one.
func (e *engine) proveFirst() {
	for i := 0; i < len(e.jobs); {
		if !e.jobs[i].first {
			i++
			continue
		}
		j := e.jobs[i]
		e.jobs = slices.Delete(e.jobs, i, i+1)
		e.prove(j)
	}
	for len(e.jobs) > maxProofs {
		e.unproven(e.jobs[0], fmt.Sprintf("%d newer executables waited for a probe run", maxProofs))
		e.jobs = e.jobs[1:]
	}
}

// proveOne takes the proof that has waited longest and reports whether there
// was one.
func (e *engine) proveOne() bool {
	if len(e.jobs) == 0 {
		return false
	}
	j := e.jobs[0]
	e.jobs = e.jobs[1:]
	e.prove(j)
	return true
}

// prove takes a proof and sends it.
func (e *engine) prove(j *evidenceJob) {
	p, err := e.probeNodes(j)
	if err != nil {
		e.unproven(j, native.OneLine(err))
		return
	}
	e.conclude(j, p)
	e.out.queue(&j.e)
}

// unproven sends evidence that says why it was not probed.
func (e *engine) unproven(j *evidenceJob, why string) {
	j.e.Extra["probe_error"] = why
	e.out.queue(&j.e)
}

// proveRest takes what proofs it can until the instant deadline; the others
// are sent without one.
func (e *engine) proveRest(deadline int64) {
	for native.Now() < deadline && e.proveOne() {
	}
	for _, j := range e.jobs {
		e.unproven(j, "the worker was stopped before its probe run")
	}
	e.jobs = nil
}

// conclude fills in what a profile proves.
func (e *engine) conclude(j *evidenceJob, p *probe.Profile) {
	j.e.NodesAfter, j.e.NodesPerProvider = p.Nodes, map[string]int{}
	for name, n := range p.Providers {
		j.e.NodesPerProvider[native.ShortProvider(name)] += n
	}
	if j.e.Mode == "forward" {
		e.limitOf(j.shape.String(), p)
	}
	if in, err := onnxmodel.Inspect(j.graph.Path); err == nil {
		j.e.NodesBefore = in.Nodes
		j.e.Fused = map[string]int{}
		for op, n := range p.Operators {
			if in.Operators[op] == 0 && !strings.HasPrefix(op, "Memcpy") {
				j.e.Fused[op] = n
			}
		}
	}
	want := e.maker.Provider.Profiled()
	if want == "cpu" || j.e.NodesPerProvider[want] > 0 {
		return
	}
	j.e.BackendActual, j.e.FallbackFrom = e.backends[stats.Optimized]+"-on-cpu", e.backends[stats.Optimized]
	j.e.FallbackError = fmt.Sprintf("none of its %d nodes ran on %s", p.Nodes, want)
	e.out.event(&protocol.Event{
		Kind: stats.KindFallback, Lane: j.e.Lane, Mode: j.e.Mode, Strategy: j.e.Strategy, Shape: j.e.Shape,
		Reason: j.e.FallbackError,
		Extra:  map[string]any{"fallback_from": j.e.FallbackFrom, "fallback_error": j.e.FallbackError},
	})
	j.group.fallbacks++
	e.dirty = true
}

// probeNodes runs an executable's twin once under the profiler.
func (e *engine) probeNodes(j *evidenceJob) (*probe.Profile, error) {
	dir, err := os.MkdirTemp("", "tailscope-probe-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	spec := j.spec
	spec.Profile = filepath.Join(dir, "p")
	s, err := e.maker.Open(j.graph, spec)
	if err != nil {
		return nil, err
	}
	defer s.Free()
	st := native.NewStore(e.dev, e.heap)
	defer st.Free()
	if err := j.shape.once(s, st); err != nil {
		return nil, err
	}
	file, err := s.C.EndProfiling()
	if err != nil {
		return nil, err
	}
	return probe.Read(file)
}
