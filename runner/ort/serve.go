package ort

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// Options configure a worker.
type Options struct {
	Library string // path of the ONNX Runtime library; "" finds or fetches it

	loaded func(*engine) // of tests: plants a fault once the model is loaded
}

// Serve is a worker's whole life over the protocol: hello, load, requests,
// bye. It returns when it was stopped, when r ends, or after a fatal error,
// which has then been sent. A process serves once at a time.
func Serve(ctx context.Context, r io.Reader, w io.Writer, o Options) error {
	heap, restore := quietCollector()
	defer restore()
	runtime.LockOSThread() // noise is counted on this thread
	defer runtime.UnlockOSThread()
	s := &server{out: newEmitter(protocol.NewWriter(w)), queue: newQueue(), heap: heap, opts: o}
	version, libErr := findLibrary(ctx, &s.opts)
	s.out.send(hello(version))
	if libErr != nil {
		return s.fatal("library", libErr)
	}
	go readAll(r, &s.gate, s.queue)
	return s.loop(ctx)
}

// server runs the messages of one connection in order.
type server struct {
	out    *emitter
	queue  *queue
	heap   *collector
	gate   sync.Mutex
	opts   Options
	engine *engine
}

// errStop ends the loop well.
var errStop = errors.New("stop")

func (s *server) loop(ctx context.Context) error {
	defer func() {
		if s.engine != nil {
			s.engine.close()
		}
	}()
	for {
		msg, due, ok, ended := s.queue.next(native.Now() + int64(wakeEarly))
		if !ok {
			s.out.flush()
			if ended || ctx.Err() != nil {
				return s.bye()
			}
			s.wait(ctx, due)
			continue
		}
		err := s.handle(msg)
		if errors.Is(err, errStop) {
			return nil
		}
		if err != nil {
			return err
		}
		if s.out.err != nil {
			return fmt.Errorf("write to the supervisor: %w", s.out.err)
		}
		s.out.flushIfDue()
		s.heap.collectIfDue()
	}
}

const (
	wakeEarly = time.Millisecond       // a request is taken up this long before it is due
	proofTime = time.Second            // quiet time in which a proof may be taken
	quietTime = 500 * time.Millisecond // idle time after which one is
)

// wait blocks until a message comes, the first request is due, or the context
// ends. When nothing has come for a while, it takes one of the proofs that
// wait for a quiet moment.
func (s *server) wait(ctx context.Context, due int64) {
	left := time.Duration(1<<63 - 1)
	if due != 0 {
		left = time.Duration(due-native.Now()) - wakeEarly
	}
	proof := s.engine != nil && len(s.engine.jobs) > 0 && left > quietTime+proofTime
	if proof {
		left = quietTime
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-s.queue.wake:
	case <-ctx.Done():
	case <-timer.C:
		if proof {
			s.engine.proveOne()
		}
	}
}

// bye is the last line.
func (s *server) bye() error {
	if s.engine != nil {
		if s.engine.prof != nil {
			s.engine.endProfile()
		}
		s.engine.proveRest(native.Now())
	}
	s.out.send(&protocol.Bye{Samples: s.out.samples})
	return nil
}

func (s *server) handle(msg any) error {
	if s.engine == nil {
		switch m := msg.(type) {
		case *protocol.Load:
			return s.load(m)
		case *protocol.Stop:
			s.out.send(&protocol.Bye{})
			return errStop
		case *protocol.Request, *protocol.Profile:
			s.out.send(&protocol.Error{Code: "input", Message: "nothing is loaded: send load first"})
			return nil
		}
	}
	switch m := msg.(type) {
	case *protocol.Request:
		s.out.flushBefore(s.engine.expected(m))
		s.engine.request(m)
	case *protocol.Load:
		s.out.send(&protocol.Error{Code: "input", Message: "a model is loaded already: start another worker for the next"})
	case *protocol.Set:
		s.set(m)
	case *flushed:
		s.out.send(&protocol.Flushed{ID: m.id, Dropped: m.dropped})
	case *protocol.Clear:
		s.clear(m)
	case *protocol.Profile:
		s.engine.startProfile(m)
	case *protocol.Stop:
		s.engine.proveRest(native.Now() + int64(time.Second))
		_ = s.bye()
		return errStop
	case *protocol.Error:
		s.out.queue(m)
	case *protocol.Unknown:
		fmt.Fprintf(os.Stderr, "message type %q is not known and was skipped\n", m.T)
	}
	return nil
}

func (s *server) load(l *protocol.Load) error {
	e, loaded, err := newEngine(l, s.out, &s.gate)
	if err != nil {
		var bad *native.LoadError
		code := "model"
		if errors.As(err, &bad) {
			code = bad.Code
		}
		return s.fatal(code, err)
	}
	s.engine = e
	if s.opts.loaded != nil {
		s.opts.loaded(e)
	}
	runtime.GC()
	s.out.send(loaded)
	s.out.queue(e.counters())
	return nil
}

func (s *server) set(m *protocol.Set) {
	if s.engine == nil {
		return
	}
	if err := s.engine.set(m); err != nil {
		s.out.queue(&protocol.Error{Code: "option", Message: err.Error()})
	}
}

func (s *server) clear(m *protocol.Clear) {
	freed := 0
	if s.engine != nil {
		freed = s.engine.clear()
		s.out.queue(s.engine.counters())
	}
	s.out.send(&protocol.Cleared{ID: m.ID, Freed: freed})
}

// fatal reports an error that ends the worker.
func (s *server) fatal(code string, err error) error {
	s.out.send(&protocol.Error{Fatal: true, Code: code, Message: err.Error()})
	return err
}

// credit is how many requests may wait here: more than a supervisor that
// refills every flushEvery can need at 10,000 requests a second.
const credit = 512

func hello(version string) *protocol.Hello {
	return &protocol.Hello{
		Protocol: protocol.Version, Engine: "ort", Version: version, PID: os.Getpid(), ClockNs: native.Now(), Credit: credit,
		Modes: stats.ModeNames(),
		Strategies: map[string][]string{
			"prefill": stats.StrategyWords(stats.PrefillPhase, "ort"),
			"decode":  stats.StrategyWords(stats.DecodePhase, "ort"),
		},
		Pairings: []string{"interleaved", "sequential", "concurrent"},
		Features: []string{"clear", "set", "profile", "aa", "evidence", "check", "device_ns", "steps", "capture"},
		Lacks:    stats.StrategyLacks("ort"),
	}
}

// waitUntil sleeps until an instant of CLOCK_MONOTONIC.
func waitUntil(due int64) {
	if d := due - native.Now(); due > 0 && d > 0 {
		time.Sleep(time.Duration(d))
	}
}
