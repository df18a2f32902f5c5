package tune

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/runner"
	"github.com/tailscope/tailscope/runner/guard"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// Open finds the engine and the model of a configuration, without a folder.
type Open func(ctx context.Context, cfg *configs.Config) (runner.Options, error)

// worker is a session that runs what it is asked for.
type worker struct {
	ready   runner.Ready
	startNs time.Duration // from nothing to a loaded model
	work    chan runner.Work
	ended   chan struct{}
	cancel  context.CancelFunc
	sink    *sink
	result  runner.Result // once ended
}

// start starts a worker of a configuration and waits until it has loaded, no longer
// than limit; 0: however long that takes.
func start(ctx context.Context, open Open, cfg *configs.Config, limit time.Duration) (*worker, error) {
	began := time.Now()
	patient, cancelWait := ctx, context.CancelFunc(func() {})
	if limit != 0 {
		patient, cancelWait = context.WithTimeout(ctx, limit)
	}
	defer cancelWait()
	own := *cfg
	own.Reps, own.Warmup, own.Duration, own.Until, own.Traffic, own.AA = 0, 0, 0, "", "", false
	own.Strategy, own.EagerInputs, own.Pairing, own.Rate, own.Route, own.Compile = "eager", "raw", "interleaved", 0, "", "inline"
	late := func(err error) error {
		if patient.Err() != nil && ctx.Err() == nil {
			return fmt.Errorf("its worker had not loaded after %s", round(time.Since(began)))
		}
		return err
	}
	opts, err := open(patient, &own)
	if err != nil {
		return nil, late(err)
	}
	w := &worker{work: make(chan runner.Work), ended: make(chan struct{}), sink: newSink()}
	loaded := make(chan runner.Ready, 1)
	opts.Config, opts.Sink, opts.Work, opts.Traffic = &own, w.sink, w.work, nil
	opts.OnReady = func(r runner.Ready) {
		select {
		case loaded <- r:
		default: // a later worker of the same
		}
	}
	s, err := runner.NewSession(opts)
	if err != nil {
		return nil, err
	}
	inner, cancel := context.WithCancel(ctx)
	w.cancel = cancel
	guard.Go("a session of tune", func() {
		defer close(w.ended)
		w.result = s.Run(inner)
	})
	select {
	case w.ready = <-loaded:
		w.startNs = time.Since(began)
		return w, nil
	case <-w.ended:
		cancel()
		return nil, w.why()
	case <-patient.Done():
		why := late(nil)
		if w.stop(); why == nil {
			why = w.why()
		}
		return nil, why
	}
}

// why is the error that a session ended with.
func (w *worker) why() error {
	if w.result.Err != nil {
		return w.result.Err
	}
	return errors.New("the worker was stopped")
}

// run runs requests and returns what came of each.
func (w *worker) run(ctx context.Context, asked []runner.Asked) ([]runner.Answer, error) {
	done := make(chan []runner.Answer, 1)
	select {
	case w.work <- runner.Work{Requests: asked, Done: done}:
	case <-w.ended:
		return nil, w.why()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case a := <-done:
		return a, nil
	case <-w.ended:
		return nil, w.why()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// stop ends the worker and waits for it.
func (w *worker) stop() {
	w.cancel()
	<-w.ended
}

// sink keeps of a session what a race wants to know besides its samples.
type sink struct {
	mu       sync.Mutex
	groups   map[[2]string]protocol.Counter // by mode and strategy
	diverged map[[2]string]string
	fell     string // the last fallback's reason
}

func newSink() *sink {
	return &sink{groups: map[[2]string]protocol.Counter{}, diverged: map[[2]string]string{}}
}

func (s *sink) Counters(c protocol.Counters) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range c.Groups {
		s.groups[[2]string{g.Mode, g.Strategy}] = g
	}
	return nil
}

func (s *sink) Event(e *stats.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e.Kind {
	case stats.KindDivergence:
		why := "outputs: " + e.Reason
		if judged, ok := e.Extra["judged"].(bool); ok && !judged {
			why = "not judged: " + e.Reason
		}
		s.diverged[[2]string{e.Mode, e.Strategy}] = why
	case stats.KindFallback:
		s.fell = e.Reason
	}
	return nil
}

// fallback is what the engine said of running something else; "" nothing.
func (s *sink) fallback() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fell
}

// divergence is what the engine said of outputs that differ.
func (s *sink) divergence(mode, strategy string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if why := s.diverged[[2]string{mode, strategy}]; why != "" {
		return why
	}
	return "outputs: its outputs differ from the eager lane's"
}

// group is what the engine counts of a mode and strategy.
func (s *sink) group(mode, strategy string) protocol.Counter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.groups[[2]string{mode, strategy}]
}

func (s *sink) Loaded(protocol.Loaded) error                 { return nil }
func (s *sink) Sample(*stats.Sample, []int64, []int32) error { return nil }
func (s *sink) Evidence(protocol.Evidence) error             { return nil }
func (s *sink) GPU(gpu.State) error                          { return nil }
func (s *sink) Flush() error                                 { return nil }
func (s *sink) Export() (string, error)                      { return "", errors.New("a race is not exported") }

// setup is a configuration of the worker, by what of it differs.
type setup struct {
	Name string            // "" for what was given
	Set  map[string]string // keys of the configuration
}

// config is a configuration with the setup's keys.
func (s setup) config(cfg *configs.Config) (*configs.Config, error) {
	c := *cfg
	c.Options = map[string]string{}
	for k, v := range cfg.Options {
		c.Options[k] = v
	}
	for k, v := range s.Set {
		if err := c.Set(k, v); err != nil {
			return nil, fmt.Errorf("%s=%s: %w", k, v, err)
		}
	}
	return &c, c.Validate()
}
