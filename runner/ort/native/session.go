package native

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	ortgo "github.com/yalue/onnxruntime_go"

	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// Session is one ONNX Runtime session of a graph: the eager one (dynamic
// shapes, no optimisation) or an executable.
type Session struct {
	C        cSession
	G        *Graph
	Compiled bool
	Capture  *Capturing      // runs after the first replay a captured graph; nil: they do not
	Twin     *Session        // of a captured decode step: runs the even steps
	Fixed    map[string]int  // symbolic dimensions that were made constant
	MakeNs   int64           // what making it took
	Pool     *pool           // threads that it computes with besides the caller's
	Lane     stats.Lane      // on whose stream it runs
	Stream   *stream         // of CUDA; nil: the provider's own
	Searched string          // the shape for which cuDNN has searched on it
	Ran      bool            // it has run: a graph to be captured is
	Device   map[string]bool // ports that the session wants in, or has on, the device
}

// SessionSpec says how to make a session.
type SessionSpec struct {
	Compiled bool           // all optimisations
	Fixed    map[string]int // symbolic dimensions made constant
	Capture  bool           // graph capture
	Lane     stats.Lane     // on whose stream it runs
	Profile  string         // prefix of a profile's file; "" none
}

// Maker makes the sessions of one model on one provider.
type Maker struct {
	Provider Provider
	Threads  int
	Weights  *weights
	Streams  [stats.NumLanes]*stream // of CUDA; nil elsewhere

	Refuse func(SessionSpec) error // of tests: why a session cannot be made
}

// Open makes a session and measures how long that takes.
func (m *Maker) Open(g *Graph, spec SessionSpec) (*Session, error) {
	start := Now()
	if m.Refuse != nil {
		if err := m.Refuse(spec); err != nil {
			return nil, err
		}
	}
	o, err := m.options(spec)
	if err != nil {
		return nil, err
	}
	defer o.Destroy()
	co := cOptions{pointerOf(o)}
	for _, name := range slices.Sorted(maps.Keys(spec.Fixed)) {
		if err := co.fixDim(name, spec.Fixed[name]); err != nil {
			return nil, fmt.Errorf("fix dimension %s to %d: %w", name, spec.Fixed[name], err)
		}
	}
	threads, err := newPool(co)
	if err != nil {
		return nil, err
	}
	c, err := m.Weights.session(g.Path, co)
	if err != nil {
		threads.free()
		return nil, err
	}
	threads.open()
	s := &Session{C: c, G: g, Compiled: spec.Compiled, Fixed: spec.Fixed, Pool: threads, Lane: spec.Lane, Stream: m.Streams[spec.Lane], MakeNs: Now() - start}
	if spec.Capture {
		s.Capture = &Capturing{}
	}
	if err := s.locate(m.Provider.Memory); err != nil {
		s.Free()
		return nil, err
	}
	return s, nil
}

// locate asks where the session wants its inputs and has its outputs. An
// input bound elsewhere would be copied once, when it is bound, and never
// again: later writes would not arrive.
func (s *Session) locate(memory string) error {
	s.Device = map[string]bool{}
	if memory == "" {
		return nil
	}
	for output, ports := range [2][]Port{s.G.Inputs, s.G.Outputs} {
		for i, p := range ports {
			at, err := s.C.onDevice(output == 1, i)
			if err != nil {
				return fmt.Errorf("%s: %w", p.Name, err)
			}
			s.Device[p.Name] = at
		}
	}
	return nil
}

// OpenStreams makes a stream for each lane where the provider runs on CUDA's.
func (m *Maker) OpenStreams() (err error) {
	if !m.Provider.OnCUDA() || Cuda.copies == nil {
		return nil
	}
	for lane := range m.Streams {
		if m.Streams[lane], err = newStream(m.Provider.id, Cuda.copies.gate); err != nil {
			return err
		}
	}
	return nil
}

func (m *Maker) FreeStreams() {
	for lane := range m.Streams {
		m.Streams[lane].free()
		m.Streams[lane] = nil
	}
}

// options are the session options of a spec: threads that do not spin into
// the other lane's region, one operator at a time.
func (m *Maker) options(spec SessionSpec) (*ortgo.SessionOptions, error) {
	o, err := ortgo.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("session options: %w", err)
	}
	level := ortgo.GraphOptimizationLevel(ortgo.GraphOptimizationLevelDisableAll)
	if spec.Compiled {
		level = ortgo.GraphOptimizationLevelEnableAll
	}
	err = errors.Join(
		o.SetGraphOptimizationLevel(level),
		o.SetExecutionMode(ortgo.ExecutionModeSequential),
		o.SetIntraOpNumThreads(max(m.Threads, 1)),
		o.SetInterOpNumThreads(1),
		o.SetLogSeverityLevel(ortgo.LoggingLevelError),
		o.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"),
		o.AddSessionConfigEntry("session.inter_op.allow_spinning", "0"),
	)
	if spec.Profile != "" {
		err = errors.Join(err, o.EnableProfiling(spec.Profile))
	}
	if err == nil {
		err = m.Provider.apply(o, spec, m.Streams[spec.Lane])
	}
	if err != nil {
		o.Destroy()
		return nil, fmt.Errorf("session options: %w", err)
	}
	return o, nil
}

func (s *Session) Free() {
	if s != nil {
		if s.Stream != nil {
			_ = s.Stream.Wait() // a run leaves a callback behind, which must find the session's memory
		}
		s.Twin.Free()
		s.C.free()
		s.Pool.free()
	}
}

// Capturing is what is known of a captured executable.
type Capturing struct {
	Gen      int             // of the buffers that it replays over
	Compared int             // requests whose answers were compared
	Event    *protocol.Event // lasts as long as the first runs, which capture
}

// Upload copies a host tensor to the device, so that the next run reads it.
func (s *Session) Upload(dst, src Tensor) error {
	if s.Stream != nil {
		return s.Stream.upload(dst, src)
	}
	return CopyTensor(dst.V, src.V)
}
