package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/snapshot/foreign"
)

// Exit codes of the program.
const (
	exitOK    = 0
	exitError = 1 // a gate or the run failed
	exitUsage = 2 // usage or configuration

	exitUndecided = 3 // a gate is undecided, and --strict-undecided was given
)

// errNoORT is what a program without the ort engine says when it is asked for.
var errNoORT = errors.New("this tailscope was built without the ONNX Runtime engine (without cgo, or with the tag noort): " +
	"--engine torch, --engine-cmd, and everything that reads files work")

// usageError marks an error of usage or configuration: exit code 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// gateError marks a gate that failed: exit code 1. Its text is the sentence
// that failed.
type gateError struct{ error }

func (e gateError) Unwrap() error { return e.error }

// undecidedError marks a gate that is undecided: exit code 3.
type undecidedError struct{ error }

func (e undecidedError) Unwrap() error { return e.error }

// programError is the end of a program that exec ran: its exit code is ours,
// and it has said itself what there is to say.
type programError struct {
	code int
	why  string
}

func (e programError) Error() string { return e.why }

// exitCode maps an error to the exit code of the program.
func exitCode(err error) int {
	var u usageError
	var p programError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &p):
		return p.code
	case errors.As(err, &u):
		return exitUsage
	case errors.As(err, &gateError{}):
		return exitError
	case errors.As(err, &undecidedError{}):
		return exitUndecided
	}
	return exitError
}

// usageArgs makes wrong arguments an error of usage that names the help.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usageError{fmt.Errorf("%w; see '%s --help'", err, c.CommandPath())}
		}
		return nil
	}
}

// pathArgs is check for arguments that are files or folders, which have to be
// there; "-" is standard input.
func pathArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return err
		}
		for _, path := range args {
			if _, err := os.Stat(path); path != "-" && path != "--" && errors.Is(err, fs.ErrNotExist) {
				return usageError{fmt.Errorf("there is no file and no folder %q", path)}
			}
		}
		return nil
	}
}

// wrongInput tells whether err says that the command names what is not there:
// a path, a result in it, or a column.
func wrongInput(err error) bool {
	var column foreign.ColumnError
	return errors.Is(err, os.ErrNotExist) || errors.Is(err, foreign.ErrNone) || errors.As(err, &column)
}
