package worker

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func span(from, to int) (c CPUs) {
	for n := from; n <= to; n++ {
		c = append(c, n)
	}
	return c
}

// Cores of machines: the CPUs that share one.
func alone(n int) CPUs     { return CPUs{n} }
func neighbour(n int) CPUs { return CPUs{n &^ 1, n | 1} }       // 0-1, 2-3, …
func far(n int) CPUs       { return CPUs{n % 8, n%8 + 8} }      // 0,8 1,9 … of 16
func eight(n int) CPUs     { return span(n&^7, n|7) }           // eight threads a core
func unknown(int) CPUs     { return nil }                       // no topology in /sys
func ofOthers(int) CPUs    { return CPUs{40, 41} }              // nonsense of a virtual machine
func pairs(n int) CPUs     { return CPUs{n &^ 1, n | 1, 1023} } // one that may not be used

func TestPlaceCPUs(t *testing.T) {
	for _, c := range []struct {
		word, pairing      string
		allowed            CPUs
		siblings           func(int) CPUs
		worker, supervisor string
		threads            int // 0: CPUs of the machine - 1
	}{
		{"", "interleaved", span(0, 1), alone, "1", "0", 1},
		{"auto", "sequential", span(0, 1), neighbour, "1", "0", 1}, // one core with two threads: still a CPU each
		{"", "interleaved", span(0, 2), neighbour, "1-2", "0", 2},
		{"", "interleaved", span(0, 3), neighbour, "2-3", "0-1", 2},
		{"", "interleaved", span(0, 3), alone, "1-3", "0", 3},
		{"", "interleaved", span(0, 3), unknown, "1-3", "0", 3},
		{"", "interleaved", span(0, 3), ofOthers, "1-3", "0", 3},
		{"", "interleaved", span(0, 15), far, "1-7,9-15", "0,8", 14},
		{"", "concurrent", span(0, 15), neighbour, "2-15", "0-1", 14},
		{"", "interleaved", span(0, 7), eight, "1-7", "0", 7}, // the whole machine is one core
		{"", "interleaved", span(0, 15), eight, "8-15", "0-7", 8},
		{"", "interleaved", CPUs{3, 5, 6, 9}, neighbour, "5-6,9", "3", 3}, // taskset took the sibling away
		{"", "interleaved", CPUs{4, 5, 8, 12}, pairs, "8,12", "4-5", 2},
		{"", "concurrent", span(0, 3), alone, "1-3", "0", 3},
		{"", "concurrent", span(0, 2), alone, "", "", 0},
		{"", "concurrent", span(0, 1), alone, "", "", 0},
		{"", "interleaved", CPUs{6}, alone, "", "", 0},
		{"", "interleaved", nil, alone, "", "", 0}, // not Linux
		{"all", "interleaved", span(0, 15), far, "", "", 0},
		{"1", "interleaved", span(0, 1), alone, "1", "0", 1},
		{"0-1", "interleaved", span(0, 1), alone, "0-1", "", 1},
		{"5, 2-3", "concurrent", span(0, 7), neighbour, "2-3,5", "0-1,4,6-7", 3},
	} {
		t.Run(fmt.Sprintf("%s %s of %s", c.word, c.pairing, c.allowed), func(t *testing.T) {
			whole := slices.Clone(c.allowed)
			p, err := placeCPUs(c.word, c.pairing, c.allowed, c.siblings)
			if err != nil || p.Worker.String() != c.worker || p.Supervisor.String() != c.supervisor {
				t.Errorf("worker %q, supervisor %q, %v; want %q and %q", p.Worker, p.Supervisor, err, c.worker, c.supervisor)
			}
			if c.threads == 0 {
				c.threads = max(runtime.NumCPU()-1, 1)
			}
			if n := p.Threads(); n != c.threads {
				t.Errorf("%d threads, want %d", n, c.threads)
			}
			if p.Asked != (c.word != "" && c.word != "auto" && c.word != "all") {
				t.Errorf("asked %v", p.Asked)
			}
			if !slices.Equal(whole, c.allowed) {
				t.Errorf("the allowed CPUs became %v", c.allowed)
			}
		})
	}
}

func TestPlaceCPUsRefuses(t *testing.T) {
	for _, c := range []struct {
		word    string
		allowed CPUs
		says    string
	}{
		{"5", span(0, 3), "may use 0-3, not 5"},
		{"0-9", CPUs{0, 2}, "may use 0,2, not 1,3-9"},
		{"1", nil, "cannot be pinned"},
		{"a", span(0, 3), "not a list of cores"},
		{"3-1", span(0, 3), "not a list of cores"},
		{"-1", span(0, 3), "not a list of cores"},
		{"0,", span(0, 3), "not a list of cores"},
		{"4096", span(0, 3), "not a list of cores"},
	} {
		if _, err := placeCPUs(c.word, "interleaved", c.allowed, alone); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q of %s: %v, want %q", c.word, c.allowed, err, c.says)
		}
	}
}
