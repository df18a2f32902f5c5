package ort

import (
	"container/list"
	"fmt"

	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
)

// execKey identifies an executable within its group.
type execKey struct {
	phase string // prefill, decode, forward
	shape string
}

// group is the executables of one mode and strategy, and what happened there.
type group struct {
	mode, strategy string
	execs          map[execKey]*list.Element
	used           list.List // of *executable, most recently used first
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
}

// policy bounds the executables of a group.
type policy struct {
	evict    bool
	max      int
	maxBytes int64 // of all groups together; 0: no bound
}

func newGroup(mode, strategy string) *group {
	return &group{mode: mode, strategy: strategy, execs: map[execKey]*list.Element{}, refused: map[execKey]string{}, last: map[string]string{}}
}

// get returns the executable of that key, or nil.
func (g *group) get(k execKey) *executable {
	e, ok := g.execs[k]
	if !ok {
		return nil
	}
	g.used.MoveToFront(e)
	return e.Value.(*executable)
}

func (g *group) put(x *executable) {
	g.execs[x.key] = g.used.PushFront(x)
	g.made++
	g.compileNs += x.s.MakeNs
}

// oldest is the least recently used executable, or nil.
func (g *group) oldest() *executable {
	if e := g.used.Back(); e != nil {
		return e.Value.(*executable)
	}
	return nil
}

func (g *group) remove(x *executable) {
	if e, ok := g.execs[x.key]; ok {
		g.used.Remove(e)
		delete(g.execs, x.key)
	}
}

// alive is the number of executables.
func (g *group) alive() int { return g.used.Len() }

// bytes is what the executables took to make.
func (g *group) bytes() int64 {
	var n int64
	for e := g.used.Front(); e != nil; e = e.Next() {
		n += e.Value.(*executable).bytes
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
func lastWord(s string) string {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == ' ' {
			return s[i+1:]
		}
	}
	return s
}

// counter is the group as the protocol reports it.
func (g *group) counter(limit int) protocol.Counter {
	return protocol.Counter{
		Mode: g.mode, Strategy: g.strategy, UniqueGraphs: g.alive(), RecompileLimit: limit,
		Compiles: min(g.made, 1), Recompiles: max(g.made-1, 0), LimitReached: g.limitReached,
		Fallbacks: g.fallbacks, Evictions: g.evicted, Captures: g.captures, CompileNs: g.compileNs,
		Bytes: g.bytes(),
	}
}
