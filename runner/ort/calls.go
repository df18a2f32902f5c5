package ort

import (
	"container/list"

	"github.com/tailscope/tailscope/runner/ort/native"
)

type callKey struct {
	s     *native.Session
	st    *native.Store
	shape lmShape
	step  int
}

// calls keeps bound calls for use again, the least recently used going first.
type calls struct {
	max  int
	m    map[callKey]*list.Element
	used list.List // of *call, most recent first
}

func newCalls(max int) *calls { return &calls{max: max, m: map[callKey]*list.Element{}} }

// get returns the bound call, binding it if need be.
func (cs *calls) get(s *native.Session, st *native.Store, shape lmShape, step int) (*call, error) {
	k := callKey{s, st, shape, step}
	if e, ok := cs.m[k]; ok {
		c := e.Value.(*call)
		if c.gen == st.Gen {
			cs.used.MoveToFront(e)
			return c, nil
		}
		cs.drop(e)
	}
	c, err := newCall(s, st, shape, step)
	if err != nil {
		return nil, err
	}
	for cs.used.Len() >= cs.max {
		cs.drop(cs.used.Back())
	}
	cs.m[k] = cs.used.PushFront(c)
	return c, nil
}

func (cs *calls) drop(e *list.Element) {
	c := cs.used.Remove(e).(*call)
	delete(cs.m, callKey{c.s, c.st, c.shape, c.step})
	c.free()
}

// forget drops the calls of a session that is about to be freed; nil drops all.
func (cs *calls) forget(s *native.Session) {
	for e := cs.used.Front(); e != nil; {
		next := e.Next()
		if at := e.Value.(*call).s; s == nil || at == s || at == s.Twin {
			cs.drop(e)
		}
		e = next
	}
}
