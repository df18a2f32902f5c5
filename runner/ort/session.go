package ort

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	ortgo "github.com/yalue/onnxruntime_go"

	"github.com/tailscope/tailscope/stats"
)

// session is one ONNX Runtime session of a graph: the eager one (dynamic
// shapes, no optimisation) or an executable.
type session struct {
	c        cSession
	g        *graph
	compiled bool
	capture  *capturing      // runs after the first replay a captured graph; nil: they do not
	twin     *session        // of a captured decode step: runs the even steps
	fixed    map[string]int  // symbolic dimensions that were made constant
	makeNs   int64           // what making it took
	pool     *pool           // threads that it computes with besides the caller's
	lane     stats.Lane      // on whose stream it runs
	stream   *stream         // of CUDA; nil: the provider's own
	searched string          // the shape for which cuDNN has searched on it
	ran      bool            // it has run: a graph to be captured is
	device   map[string]bool // ports that the session wants in, or has on, the device
}

// sessionSpec says how to make a session.
type sessionSpec struct {
	compiled bool           // all optimisations
	fixed    map[string]int // symbolic dimensions made constant
	capture  bool           // graph capture
	lane     stats.Lane     // on whose stream it runs
	profile  string         // prefix of a profile's file; "" none
	dump     string         // write the optimised graph there; "" no
	record   bool           // record which provider got which node
}

// maker makes the sessions of one model on one provider.
type maker struct {
	provider provider
	threads  int
	weights  *weights
	streams  [stats.NumLanes]*stream // of CUDA; nil elsewhere

	refuse func(sessionSpec) error // of tests: why a session cannot be made
}

// open makes a session and measures how long that takes.
func (m *maker) open(g *graph, spec sessionSpec) (*session, error) {
	start := now()
	if m.refuse != nil {
		if err := m.refuse(spec); err != nil {
			return nil, err
		}
	}
	o, err := m.options(spec)
	if err != nil {
		return nil, err
	}
	defer o.Destroy()
	co := cOptions{pointerOf(o)}
	for _, name := range slices.Sorted(maps.Keys(spec.fixed)) {
		if err := co.fixDim(name, spec.fixed[name]); err != nil {
			return nil, fmt.Errorf("fix dimension %s to %d: %w", name, spec.fixed[name], err)
		}
	}
	threads, err := newPool(co)
	if err != nil {
		return nil, err
	}
	c, err := m.weights.session(g.path, co)
	if err != nil {
		threads.free()
		return nil, err
	}
	threads.open()
	s := &session{c: c, g: g, compiled: spec.compiled, fixed: spec.fixed, pool: threads, lane: spec.lane, stream: m.streams[spec.lane], makeNs: now() - start}
	if spec.capture {
		s.capture = &capturing{}
	}
	if err := s.locate(m.provider.memory); err != nil {
		s.free()
		return nil, err
	}
	return s, nil
}

// locate asks where the session wants its inputs and has its outputs. An
// input bound elsewhere would be copied once, when it is bound, and never
// again: later writes would not arrive.
func (s *session) locate(memory string) error {
	s.device = map[string]bool{}
	if memory == "" {
		return nil
	}
	for output, ports := range [2][]port{s.g.inputs, s.g.outputs} {
		for i, p := range ports {
			at, err := s.c.onDevice(output == 1, i)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			s.device[p.name] = at
		}
	}
	return nil
}

// openStreams makes a stream for each lane where the provider runs on CUDA's.
func (m *maker) openStreams() (err error) {
	if !m.provider.onCUDA() || cuda.copies == nil {
		return nil
	}
	for lane := range m.streams {
		if m.streams[lane], err = newStream(m.provider.id, cuda.copies.gate); err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) freeStreams() {
	for lane := range m.streams {
		m.streams[lane].free()
		m.streams[lane] = nil
	}
}

// options are the session options of a spec: threads that do not spin into
// the other lane's region, one operator at a time.
func (m *maker) options(spec sessionSpec) (*ortgo.SessionOptions, error) {
	o, err := ortgo.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("session options: %w", err)
	}
	level := ortgo.GraphOptimizationLevel(ortgo.GraphOptimizationLevelDisableAll)
	if spec.compiled {
		level = ortgo.GraphOptimizationLevelEnableAll
	}
	entries := map[string]string{
		"session.intra_op.allow_spinning": "0",
		"session.inter_op.allow_spinning": "0",
	}
	if spec.record {
		entries["session.record_ep_graph_assignment_info"] = "1"
	}
	err = errors.Join(
		o.SetGraphOptimizationLevel(level),
		o.SetExecutionMode(ortgo.ExecutionModeSequential),
		o.SetIntraOpNumThreads(max(m.threads, 1)),
		o.SetInterOpNumThreads(1),
		o.SetLogSeverityLevel(ortgo.LoggingLevelError),
	)
	for _, k := range slices.Sorted(maps.Keys(entries)) {
		err = errors.Join(err, o.AddSessionConfigEntry(k, entries[k]))
	}
	if spec.profile != "" {
		err = errors.Join(err, o.EnableProfiling(spec.profile))
	}
	if spec.dump != "" {
		err = errors.Join(err, o.SetOptimizedModelFilePath(spec.dump))
	}
	if err == nil {
		err = m.provider.apply(o, spec, m.streams[spec.lane])
	}
	if err != nil {
		o.Destroy()
		return nil, fmt.Errorf("session options: %w", err)
	}
	return o, nil
}

func (s *session) free() {
	if s != nil {
		if s.stream != nil {
			_ = s.stream.wait() // a run leaves a callback behind, which must find the session's memory
		}
		s.twin.free()
		s.c.free()
		s.pool.free()
	}
}
