package exit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
)

// Exit codes of the program.
const (
	OK       = 0
	Failed   = 1 // a gate or the run failed
	BadUsage = 2 // usage or configuration

	Undecided = 3 // a gate is undecided, and --strict-undecided was given
)

// ErrNoORT is what a program without the ort engine says when it is asked for.
var ErrNoORT = errors.New("this tailscope was built without the ONNX Runtime engine (without cgo, or with the tag noort): " +
	"--engine torch, --engine-cmd, and everything that reads files work")

// marked is an error and what it is one of.
type marked struct{ error }

func (e marked) Unwrap() error { return e.error }

type (
	usageError     struct{ marked } // of usage or configuration: exit code 2
	gateError      struct{ marked } // a gate failed: exit code 1; its text is the sentence that failed
	undecidedError struct{ marked } // a gate is undecided: exit code 3
)

// programError is the end of a program that exec ran: its exit code is ours,
// and it has said itself what there is to say.
type programError struct {
	code int
	why  string
}

func (e programError) Error() string { return e.why }

// Code maps an error to the exit code of the program.
func Code(err error) int {
	var p programError
	switch {
	case err == nil:
		return OK
	case errors.As(err, &p):
		return p.code
	case errors.As(err, &usageError{}):
		return BadUsage
	case errors.As(err, &gateError{}):
		return Failed
	case errors.As(err, &undecidedError{}):
		return Undecided
	}
	return Failed
}

// Args makes wrong arguments an error of usage that names the help.
func Args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return Usage(fmt.Errorf("%w; see '%s --help'", err, c.CommandPath()))
		}
		return nil
	}
}

// Paths is check for arguments that are files or folders, which have to be
// there; "-" is standard input.
func Paths(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return err
		}
		for _, path := range args {
			if _, err := os.Stat(path); path != "-" && path != "--" && errors.Is(err, fs.ErrNotExist) {
				return Usage(fmt.Errorf("there is no file and no folder %q", path))
			}
		}
		return nil
	}
}

// NoArguments refuses arguments with a sentence and the exit code of usage.
func NoArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return Usage(fmt.Errorf("%s takes no argument, got %q; see '%s --help'", c.CommandPath(), args[0], c.CommandPath()))
	}
	return nil
}

// Usage makes err an error of usage or configuration.
func Usage(err error) error { return usageError{marked{err}} }

// OfProgram is the end of a program: its exit code, and why.
func OfProgram(code int, why string) error { return programError{code, why} }

// GateFailed makes err the failure of a gate.
func GateFailed(err error) error { return gateError{marked{err}} }

// GateUndecided makes err the end of a gate that nothing decides.
func GateUndecided(err error) error { return undecidedError{marked{err}} }
