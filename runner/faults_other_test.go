//go:build !unix

package runner

// misbehave has no faults here: they are a Unix engine's.
func (e *engineState) misbehave() (done bool, code int) { return false, 0 }
