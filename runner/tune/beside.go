package tune

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/mem"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner"
	"github.com/tailscope/tailscope/runner/guard"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/race"
)

// Workers of options start while executables are made for the strategies, and make
// theirs side by side, as far as the machine has processors and the device memory:
// nothing is timed meanwhile. What measures kernels while it compiles makes alone.

const (
	coresEach = 4                // processors that a worker which compiles keeps busy
	roomEach  = 1.5              // device memory of a worker over its weights: executables and what making them needs
	roomBase  = float64(2 << 30) // and what it takes whatever the weights
	hostBase  = float64(4 << 30) // memory of the machine that it takes over its weights, which pass through: torch and its compiler
)

// starting is a worker on its way; done is closed once it or its error is there.
type starting struct {
	w    *worker
	err  error
	done chan struct{}
}

// abreast is how many workers may be on their way at once beside the first.
func (t *tuner) abreast() int {
	if t.o.Abreast > 0 || t.cfg.Engine != "torch" || t.first.ready.Loaded.Provider != "cuda" {
		return t.o.Abreast
	}
	weights := float64(t.first.ready.Loaded.Model.Bytes)
	n := min(t.procs/coresEach-1, int(t.free/(roomBase+roomEach*weights)))
	if t.host > 0 && weights > 0 {
		n = min(n, int(t.host/(hostBase+weights)))
	}
	return max(0, n)
}

// startBeside starts workers of options before anybody waits for them.
func (t *tuner) startBeside(ctx context.Context) {
	if t.free == 0 && t.o.FreeMemory != nil {
		t.free = t.o.FreeMemory()
	}
	if m, err := mem.VirtualMemory(); err == nil && t.host == 0 {
		t.host = float64(m.Available)
	}
	if n := t.abreast(); t.o.Setups {
		all := t.allSetups()
		if !slices.Contains(t.o.Modes, stats.KVDecode.String()) {
			all = slices.DeleteFunc(all, func(s setup) bool { return s.Set[blockKey] != "" }) // no pick will have a use for it
		}
		for _, s := range all[:min(n, len(all))] {
			t.starts(ctx, s)
		}
	}
}

// starts starts the worker of a setup, once.
func (t *tuner) starts(ctx context.Context, s setup) *starting {
	if x := t.starting[s.Name]; x != nil {
		return x
	}
	x := &starting{done: make(chan struct{})}
	t.starting[s.Name] = x
	limit := t.patience()
	guard.Go("a worker of an option", func() {
		defer close(x.done)
		cfg, err := s.config(t.cfg)
		if err == nil {
			x.w, err = start(ctx, t.open, cfg, limit)
		}
		x.err = err
	})
	return x
}

// dismiss ends the worker of a setup that was started and is not wanted.
func (t *tuner) dismiss(s setup) {
	x := t.starting[s.Name]
	if x == nil {
		return
	}
	if t.wait("ending the worker with "+s.Name, x); x.w != nil {
		x.w.stop()
	}
	delete(t.starting, s.Name)
}

// A worker of an option that has not loaded after so many times what the first took,
// and so long, hangs.
const startTimes, startLeast = 4, 20 * time.Second

// patience is how long a worker may take to load, 0 the first one: as long as it wants.
func (t *tuner) patience() time.Duration {
	if t.first == nil {
		return 0
	}
	return max(time.Millisecond, min(max(startLeast, startTimes*t.first.startNs), time.Until(t.began.Add(t.o.Duration))))
}

// open finds engine and model, for one worker at a time.
func (t *tuner) open(ctx context.Context, cfg *configs.Config) (runner.Options, error) {
	t.opening.Lock()
	defer t.opening.Unlock()
	return t.o.Open(ctx, cfg)
}

// settle waits until no worker is on its way: what is timed next has the machine for itself.
func (t *tuner) settle() {
	for _, x := range t.starting {
		t.wait("waiting for workers of options", x)
	}
}

// wait waits for a worker and says so once a second.
func (t *tuner) wait(what string, x *starting) {
	began, tick := time.Now(), time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-x.done:
			return
		case <-tick.C:
			t.say(what + ", " + round(time.Since(began)).String())
		}
	}
}

// measures reports whether compiling under a setup times kernels on the device:
// beside others it would choose by their noise.
func (s setup) measures() bool {
	for k, v := range s.Set {
		if strings.HasSuffix(k, "coordinate_descent_tuning") && v == "true" || k == "torch.mode" && strings.HasPrefix(v, "max-autotune") {
			return true
		}
	}
	return false
}

// made is what making the k-th executable of candidate i came to.
type made struct {
	i, k   int
	blocks [][]race.Obs
	took   time.Duration // 0: there was nothing to make
	why    string        // why it is left out for want of time
	err    error
	last   bool // of its candidate
}

// groups are who makes executables at once: those whose workers are their own
// and may compile beside others, then each by itself.
func (t *tuner) groups(h *heat) (groups [][]int) {
	var together []int
	n := t.abreast()
	for _, i := range h.byNeed() {
		if s := h.cands[i].setup; s != 0 && !t.setups[s].measures() && len(together) < n {
			together = append(together, i)
			continue
		}
		groups = append(groups, []int{i})
	}
	if len(together) > 0 {
		groups = append([][]int{together}, groups...)
	}
	return groups
}
