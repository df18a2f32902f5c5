package guard

import (
	"fmt"
	"runtime/debug"
	"sync/atomic"
)

// Panic is what a goroutine ended with. It is an error.
type Panic struct {
	What  string // the goroutine, in a few words
	Value any
	Stack []byte
}

// Error is one sentence; the stack is for the log.
func (p *Panic) Error() string {
	return fmt.Sprintf("internal error in %s: %v (a bug in tailscope: please report it)", p.What, p.Value)
}

var inCharge atomic.Pointer[func(*Panic)]

// OnPanic puts f in charge and returns how to end that. Without one in charge
// a panic goes on and ends the process.
func OnPanic(f func(*Panic)) (restore func()) {
	old := inCharge.Swap(&f)
	return func() { inCharge.Store(old) }
}

// Go runs f in a goroutine of its own.
func Go(what string, f func()) { go Run(what, f) }

// Run runs f and reports its panic.
func Run(what string, f func()) {
	if p := Catch(what, f); p != nil {
		boss := inCharge.Load()
		if boss == nil {
			panic(fmt.Sprintf("%v\n%s", p, p.Stack))
		}
		(*boss)(p)
	}
}

// Catch runs f and returns its panic, nil when it came back.
func Catch(what string, f func()) (p *Panic) {
	defer func() {
		if v := recover(); v != nil {
			p = &Panic{What: what, Value: v, Stack: debug.Stack()}
		}
	}()
	f()
	return nil
}
