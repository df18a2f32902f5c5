package ort

import (
	"fmt"
	"strings"

	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// execKey identifies an executable within its group.
type execKey struct {
	phase string // prefill, decode, forward
	shape string
}

// group is the executables of one mode and strategy, and what happened there.
type group struct {
	mode, strategy string
	execs          map[execKey]*executable
	turn           int // counts what get and put touched
	made           int
	evicted        int
	fallbacks      int
	captures       int
	limitReached   bool
	compileNs      int64
	refused        map[execKey]string // what could not be made, and why: it is not tried again
	last           map[string]string  // phase to the shape that ran last
}

// executable is a session compiled for one shape (or for all, in dynamic).
type executable struct {
	key   execKey
	s     *native.Session
	bytes int64
	runs  int
	used  int // turn of its group in which it was touched last
}

// policy bounds the executables of a group.
type policy struct {
	evict    bool
	max      int
	maxBytes int64 // of all groups together; 0: no bound
}

func newGroup(mode, strategy string) *group {
	return &group{mode: mode, strategy: strategy, execs: map[execKey]*executable{}, refused: map[execKey]string{}, last: map[string]string{}}
}

// get returns the executable of that key, or nil.
func (g *group) get(k execKey) *executable {
	x := g.execs[k]
	if x != nil {
		g.turn++
		x.used = g.turn
	}
	return x
}

// put takes in what was made and returns the kind of event that making it is.
func (g *group) put(x *executable) stats.Kind {
	g.turn++
	x.used = g.turn
	g.execs[x.key] = x
	g.made++
	g.compileNs += x.s.MakeNs
	if g.made == 1 {
		return stats.KindCompile
	}
	return stats.KindRecompile
}

// oldest is the least recently used executable, or nil.
func (g *group) oldest() (out *executable) {
	for _, x := range g.execs {
		if out == nil || x.used < out.used {
			out = x
		}
	}
	return out
}

// alive is the number of executables.
func (g *group) alive() int { return len(g.execs) }

// bytes is what the executables took to make.
func (g *group) bytes() (n int64) {
	for _, x := range g.execs {
		n += x.bytes
	}
	return n
}

// reason says in a sentence why an executable for shape is made.
func (g *group) reason(phase, what string, p policy) string {
	from := g.last[phase]
	if g.made == 0 || from == "" {
		return fmt.Sprintf("%s: no executable for this shape yet, %d of %d used", what, g.alive(), p.max)
	}
	if from == what {
		return fmt.Sprintf("%s: its executable is gone, %d of %d used", what, g.alive(), p.max)
	}
	return fmt.Sprintf("%s → %s: no executable for this shape, %d of %d used", from, lastWord(what), g.alive(), p.max)
}

// lastWord drops the name before a number: "tokens 74" is "74".
func lastWord(s string) string { return s[strings.LastIndexByte(s, ' ')+1:] }

// counter is the group as the protocol reports it.
func (g *group) counter(limit int) protocol.Counter {
	return protocol.Counter{
		Mode: g.mode, Strategy: g.strategy, UniqueGraphs: g.alive(), RecompileLimit: limit,
		Compiles: min(g.made, 1), Recompiles: max(g.made-1, 0), LimitReached: g.limitReached,
		Fallbacks: g.fallbacks, Evictions: g.evicted, Captures: g.captures, CompileNs: g.compileNs,
		Bytes: g.bytes(),
	}
}
