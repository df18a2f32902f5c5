package runner

import (
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/runner/worker"
)

// threadsOn counts this process's threads by the CPUs that each may run on.
func threadsOn() map[string]int {
	n := map[string]int{}
	tasks, _ := os.ReadDir("/proc/self/task")
	for _, t := range tasks {
		tid, _ := strconv.Atoi(t.Name())
		if c := worker.Affinity(tid); c != nil {
			n[c.String()]++
		}
	}
	return n
}

// TestPairingMoves lets a session change its pairing: the processes are apart
// while the lanes take turns, anywhere while two lanes run at once, and this
// process has all its CPUs again when the session has ended.
func TestPairingMoves(t *testing.T) {
	before, procs := worker.Started(), runtime.GOMAXPROCS(0)
	if len(before) < 2 {
		demand.Lacks(t, demand.Linux, "one CPU: nothing is ever pinned")
	}
	apart := worker.Placement{Worker: before[1:], Supervisor: before[:1], Asked: true}
	cfg := sessionConfig()
	cfg.Reps, cfg.Warmup = 0, 0
	views, commands, mem := make(chan view.View, 1), make(chan view.Command), &memory{}
	s := must.Get(NewSession(Options{Config: cfg, Engine: worker.Command{Argv: []string{os.Args[0]}, Env: append(os.Environ(), "TAILSCOPE_TEST_ENGINE=both")},
		Sink: mem, Views: views, Commands: commands, Place: func(pairing string) worker.Placement {
			if pairing == "concurrent" {
				return worker.Placement{}
			}
			return apart
		}}))(t)
	done := make(chan Result, 1)
	go func() { done <- s.Run(t.Context()) }()
	wait := waiter(t, views, 20*time.Second)
	wait("samples", func(v view.View) bool { return v.Self.Samples > 50 })
	pid := s.eng.proc.PID()
	check := func(what string, theirs, ours worker.CPUs) {
		t.Helper()
		if c := worker.Affinity(pid); !slices.Equal(c, theirs) {
			t.Errorf("%s: the worker may run on %s, want %s", what, c, theirs)
		}
		on := threadsOn()
		others := -on[ours.String()]
		for _, n := range on {
			others += n
		}
		if others > 1 { // the one that started the worker only waits for it
			t.Errorf("%s: this process's threads may run on %v, want %s", what, on, ours)
		}
	}
	check("interleaved", apart.Worker, apart.Supervisor)
	if n := runtime.GOMAXPROCS(0); n != 1 {
		t.Errorf("%d goroutines at once on one CPU", n)
	}
	for i, pairing := range []string{"concurrent", "interleaved"} {
		commands <- view.Command{Action: view.ActPairing, Arg: pairing}
		wait(pairing, func(v view.View) bool { return v.Session.Segment == int32(i+1) })
		if pairing == "concurrent" {
			check(pairing, before, before)
		} else {
			check(pairing, apart.Worker, apart.Supervisor)
		}
	}
	commands <- view.Command{Action: view.ActQuit}
	if res := <-done; res.Err != nil || res.Reason != "quit" {
		t.Fatalf("%+v", res)
	}
	if on := threadsOn(); len(on) != 1 || on[before.String()] == 0 || runtime.GOMAXPROCS(0) != procs {
		t.Errorf("after the session threads may run on %v, %d at once; was %s and %d", on, runtime.GOMAXPROCS(0), before, procs)
	}
	if c := mem.loaded[0].CPUs; c != apart.Worker.String() {
		t.Errorf("the session says that the worker ran on %q, want %s", c, apart.Worker)
	}
}

// TestPlacementThatFails: a list that the user asked for is kept or refused,
// the default does its best.
func TestPlacementThatFails(t *testing.T) {
	for _, asked := range []bool{true, false} {
		nowhere := worker.Placement{Worker: worker.CPUs{1023}, Asked: asked}
		res, mem := runSession(t, "none", sessionConfig(), func(o *Options) {
			o.Place = func(string) worker.Placement { return nowhere }
		})
		if failed := res.Err != nil; failed != asked {
			t.Errorf("asked for %v: %v", asked, res.Err)
		}
		got := mem.loaded
		if !asked && (len(got) != 1 || got[0].CPUs != worker.Started().String()) {
			t.Errorf("the worker is said to have run on %+v, want %s", got, worker.Started())
		}
	}
}
