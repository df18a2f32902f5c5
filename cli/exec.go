package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/runner/guard"
	"github.com/tailscope/tailscope/runner/plain"
	"github.com/tailscope/tailscope/runner/program"
	"github.com/tailscope/tailscope/runner/sys"
	"github.com/tailscope/tailscope/runner/torch"
)

// newExecCmd runs somebody's own program and watches what it compiles.
func newExecCmd() *cobra.Command {
	var o program.Options
	var noDevice bool
	c := &cobra.Command{
		Use: "exec [flags] -- COMMAND [ARG …]", Args: exit.Args(cobra.MinimumNArgs(1)),
		Short: "Run your own PyTorch program, unchanged, and watch what torch.compile does to its tail",
		Long: "Runs a program with a hook in its Python processes: every outermost call of what torch.compile returned is a\n" +
			"sample; compiles, recompiles with their reasons, graph breaks, CUDA graph recordings are events. Without a\n" +
			"terminal, or with --headless, the program keeps stdin, stdout and stderr; with the screen its output goes to\n" +
			"program.log in the session folder. Its exit code is tailscope's. The program never waits for tailscope.",
		Example: "  tailscope exec -- python app.py\n  tailscope exec --ab 0.2 -- python serve.py --port 8000\n" +
			"  tailscope exec --headless --json -- torchrun --nproc-per-node 2 train.py",
		RunE: func(c *cobra.Command, args []string) error {
			if o.AB < 0 || o.AB > 1 {
				return exit.Usage(fmt.Errorf("--ab %g is not a share between 0 and 1", o.AB))
			}
			o.Device = !noDevice
			return runExec(c, args, o)
		},
	}
	c.Flags().SetInterspersed(false)
	addObservedFlags(c, "seed", "slo", "until", "noise")
	c.Flags().Float64Var(&o.AB, "ab", 0, "share of calls, drawn at random, that run the original callable instead: the eager lane")
	c.Flags().StringVar(&o.Rank, "rank", "", "under torchrun: observe this rank only")
	c.Flags().BoolVar(&noDevice, "no-device-time", false, "no CUDA events around calls")
	return c
}

// runExec runs the program beside the session. The program outlives the
// session: its end is waited for, and its exit code is the result.
func runExec(c *cobra.Command, args []string, o program.Options) error {
	if _, err := exec.LookPath(args[0]); err != nil {
		return exit.Usage(fmt.Errorf("%w; the program stands after --, as in: tailscope exec -- python app.py", err))
	}
	cfg, err := observedConfig(c, "exec", program.Name(args))
	if err != nil {
		return err
	}
	hook, err := torch.Hook()
	if err != nil {
		return err
	}
	var folder string
	if o.Socket, folder, err = program.Socket(); err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	o.Seed = cfg.Seed
	cfg.Options = map[string]string{"command": program.Quote(args), "ab": strconv.FormatFloat(o.AB, 'g', -1, 64), "rank": o.Rank}
	screen := hasScreen(c)
	j, err := prepareObserved(c.Context(), cfg, "--exec", o.Socket, "--name", cfg.Model)
	if err != nil {
		return err
	}
	asJSON := isSet(c, "json")
	p, err := j.program(args, program.Environ(os.Environ(), hook, o), screen, asJSON)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	endingOf(c.Context()).session() // until the end: the program outlives the session
	guard.Go("the program", func() { ended <- runProgram(p, o.Socket, screen) })
	if screen {
		err = j.show(c.Context(), c)
	} else {
		err = j.beside(c.Context(), c.OutOrStdout(), asJSON)
	}
	return endOfProgram(ended, err, screen)
}

// program is the command with its streams: its own, or a log in the session
// folder where the screen has the terminal. Files are handed over, no pipes:
// nothing of it ends with this process.
func (j *job) program(args, env []string, screen, asJSON bool) (*exec.Cmd, error) {
	p := exec.Command(args[0], args[1:]...)
	p.Env, p.Stdin, p.Stdout, p.Stderr = env, os.Stdin, os.Stdout, os.Stderr
	if asJSON {
		p.Stdout = os.Stderr
	}
	if !screen {
		return p, nil
	}
	log, err := os.OpenFile(filepath.Join(j.opts.Dir, programLog), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("make the program's log: %w", err)
	}
	p.Env = append(p.Env, "PYTHONUNBUFFERED=1")
	p.Stdin, p.Stdout, p.Stderr = nil, log, log
	sys.NewGroup(p) // what ends the screen is not meant for it
	return p, nil
}

// observerWait is how long a program waits for its observer to listen.
const observerWait = 10 * time.Second

// runProgram runs the program to its end, passes on signals, and tells the
// observer.
func runProgram(p *exec.Cmd, socket string, screen bool) error {
	program.Ready(socket, observerWait)
	if err := p.Start(); err != nil {
		program.Exited(socket, 127, "")
		return exit.OfProgram(127, fmt.Sprintf("start the program: %v", err))
	}
	if log, ok := p.Stdout.(*os.File); ok && screen {
		_ = log.Close() // the program has its own
	}
	signals := make(chan os.Signal, 4)
	passed := []os.Signal{syscall.SIGTERM, syscall.SIGHUP} // an interrupt of the terminal reaches both
	if screen {
		passed = []os.Signal{syscall.SIGTERM, syscall.SIGINT}
	}
	signal.Notify(signals, passed...)
	defer signal.Stop(signals)
	done := make(chan struct{})
	defer close(done)
	guard.Go("the program's signals", func() {
		for {
			select {
			case s := <-signals:
				_ = p.Process.Signal(s)
			case <-done:
				return
			}
		}
	})
	err := p.Wait()
	var ee *exec.ExitError
	if err == nil || !errors.As(err, &ee) {
		program.Exited(socket, 0, "")
		return err
	}
	code, by := ee.ExitCode(), ""
	if ws, ok := ee.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		code, by = 128+int(ws.Signal()), ws.Signal().String()
	}
	program.Exited(socket, code, by)
	return exit.OfProgram(code, "the program: "+ee.String())
}

// beside runs the session without a screen, saying nothing until the program
// has ended: the terminal is the program's.
func (j *job) beside(ctx context.Context, out io.Writer, asJSON bool) error {
	res, err := j.run(ctx)
	if asJSON {
		return errors.Join(err, json.NewEncoder(plain.JSONWriter(out)).Encode(runJSON(j, res, err)))
	}
	if res.Samples > 0 || err == nil {
		printEnd(os.Stderr, j.opts.Dir, "")
		printCompiles(os.Stderr, j.opts.Dir)
		printSayings(os.Stderr, j.opts.Dir)
	}
	return err
}

// endOfProgram waits for the program, which may outlive its session. Its exit
// code is the result, whatever became of the session.
func endOfProgram(ended <-chan error, session error, screen bool) error {
	var err error
	select {
	case err = <-ended:
	case <-time.After(time.Second):
		fmt.Fprintln(output.Stderr, "tailscope: the session is over and the program goes on; waiting for it"+
			map[bool]string{true: ", Ctrl-C interrupts it"}[screen])
		err = <-ended
	}
	if session != nil && err != nil {
		fmt.Fprintln(output.Stderr, "tailscope: "+session.Error())
	}
	if err != nil {
		return err
	}
	return session
}
