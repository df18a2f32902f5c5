package worker

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tailscope/tailscope/configs"
)

// CPUs is a set of logical CPUs, ascending. Empty means any.
type CPUs []int

// String is the kernel's form of a list, e.g. "0-1,7"; "" for any.
func (c CPUs) String() string {
	var parts []string
	for i := 0; i < len(c); {
		j := i
		for j+1 < len(c) && c[j+1] == c[j]+1 {
			j++
		}
		part := strconv.Itoa(c[i])
		if j > i {
			part += "-" + strconv.Itoa(c[j])
		}
		parts, i = append(parts, part), j+1
	}
	return strings.Join(parts, ",")
}

// without returns the CPUs of c that d lacks.
func (c CPUs) without(d CPUs) CPUs {
	return slices.DeleteFunc(slices.Clone(c), func(n int) bool { return slices.Contains(d, n) })
}

// Placement says on which CPUs the two processes run. A drawn frame that takes
// a CPU from one of the worker's threads makes the whole operator wait, so the
// supervisor stays off the worker's CPUs where there are enough.
type Placement struct {
	Worker, Supervisor CPUs // empty: any
	Asked              bool // by the user: not being able to is an error
}

// Threads is the number of threads that an engine computes with unless told
// otherwise: one for each CPU that the worker has for itself. Where it shares
// them with the supervisor, one is left out.
func (p Placement) Threads() int {
	switch {
	case len(p.Worker) == 0:
		return max(runtime.NumCPU()-1, 1)
	case len(p.Supervisor) == 0:
		return max(len(p.Worker)-1, 1)
	}
	return len(p.Worker)
}

// fewCPUs is how many there must be for two lanes at once beside the
// supervisor, and for the supervisor to have a core with all its threads.
const fewCPUs = 4

// placeCPUs chooses by the configured word ("" or "auto", "all", or a list),
// the pairing, the CPUs that this process may use, and the CPUs that share a
// core with a given one (itself included; nil: unknown).
func placeCPUs(word, pairing string, allowed CPUs, siblings func(int) CPUs) (Placement, error) {
	switch {
	case word == "all":
		return Placement{}, nil
	case word != "" && word != "auto":
		return placeList(word, allowed)
	case len(allowed) < 2, pairing == "concurrent" && len(allowed) < fewCPUs:
		return Placement{}, nil
	}
	own := allowed[:1:1]
	if len(allowed) >= fewCPUs {
		core := allowed.without(allowed.without(siblings(own[0])))
		if slices.Contains(core, own[0]) && 2*len(core) <= len(allowed) {
			own = core
		}
	}
	return Placement{Worker: allowed.without(own), Supervisor: own}, nil
}

// placeList gives the worker what the user asked for, and the supervisor what
// is left, if anything is.
func placeList(list string, allowed CPUs) (Placement, error) {
	numbers, err := configs.ParseCPUs(list)
	if err != nil {
		return Placement{}, fmt.Errorf("cpus: %w", err)
	}
	want := CPUs(numbers)
	if len(allowed) == 0 {
		return Placement{}, fmt.Errorf("cpus %q: processes cannot be pinned on %s", list, runtime.GOOS)
	}
	if lack := want.without(allowed); len(lack) > 0 {
		return Placement{}, fmt.Errorf("cpus %q: this process may use %s, not %s", list, allowed, lack)
	}
	return Placement{Worker: want, Supervisor: allowed.without(want), Asked: true}, nil
}

// Placer returns how to place the processes under a pairing, for the value of
// the key cpus. An error says what is wrong with the value on this machine.
func Placer(word string) (func(pairing string) Placement, error) {
	_, err := placeCPUs(word, "", origin().cpus, siblings)
	return func(pairing string) Placement {
		p, _ := placeCPUs(word, pairing, origin().cpus, siblings) // the pairing decides between two placements, never on an error
		return p
	}, err
}

// origin is what this process was started with, before it moved itself.
var origin = sync.OnceValue(func() (o struct {
	cpus  CPUs
	procs int
}) {
	o.cpus, o.procs = Affinity(0), runtime.GOMAXPROCS(0)
	return o
})

// Started are the CPUs that this process was started with.
func Started() CPUs { return origin().cpus }

// MoveSelf restricts this process to some CPUs, or gives it back all that it
// was started with. The scheduler of Go is told, so that it does not run more
// at once than there are CPUs.
func MoveSelf(to CPUs) error {
	o, procs := origin(), len(to)
	if procs == 0 {
		to, procs = o.cpus, o.procs
	}
	if len(to) == 0 {
		return nil // nothing was ever pinned on this system
	}
	if err := moveProcess(0, to); err != nil {
		return err
	}
	runtime.GOMAXPROCS(min(procs, o.procs))
	return nil
}

// enter moves the calling thread to the worker's CPUs.
func (p Placement) enter() error {
	if len(p.Worker) == 0 {
		return nil
	}
	if err := moveThread(p.Worker); err != nil && p.Asked {
		return err
	}
	return nil
}

// Take moves this process and the worker in hand (nil: none) to where p wants
// them; a worker that starts later starts there.
func (p Placement) Take(w *Process) error {
	err := MoveSelf(p.Supervisor)
	if w != nil {
		to := p.Worker
		if len(to) == 0 {
			to = Started()
		}
		if werr := moveProcess(w.PID(), to); err == nil {
			err = werr
		}
	}
	if !p.Asked {
		return nil // where the kernel refuses, the session runs as before; the manifest has what the worker got
	}
	return err
}

// Equal reports whether two placements are the same.
func (p Placement) Equal(q Placement) bool {
	return slices.Equal(p.Worker, q.Worker) && slices.Equal(p.Supervisor, q.Supervisor)
}
