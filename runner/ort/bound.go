package ort

import (
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
