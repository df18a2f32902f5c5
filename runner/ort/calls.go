package ort

import (
	"container/list"
	"fmt"

	"github.com/tailscope/tailscope/runner/ort/native"
)

// bound is a session with views over a store's buffers bound to it.
type bound struct {
	s     *native.Session
	st    *native.Store
	gen   int // of the store, when it was bound
	b     native.Binding
	views []native.Value
}

// open binds a shape by the functions given; nothing is held where one fails.
func (c *bound) open(shape fmt.Stringer, bind ...func() error) (err error) {
	c.b, err = c.s.C.NewBinding()
	for i := 0; i < len(bind) && err == nil; i++ {
		err = bind[i]()
	}
	if err != nil {
		c.free()
		return fmt.Errorf("bind %v: %w", shape, err)
	}
	c.gen = c.st.Gen
	return nil
}

func (c *bound) view(name string, onDevice bool, t native.Type, shape []int64) (native.Tensor, error) {
	x, err := c.st.Tensor(name, onDevice, t, shape)
	if err == nil {
		c.views = append(c.views, x.V)
	}
	return x, err
}

func (c *bound) free() {
	if c.b.P != nil {
		c.b.Free()
	}
	for i := range c.views {
		c.views[i].Free()
	}
	c.views = nil
}

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
