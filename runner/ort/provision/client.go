package provision

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"time"

	"github.com/tailscope/tailscope/runner/guard"
	"github.com/tailscope/tailscope/runner/sys"
)

// transfer is what a package client, npm or pip, is asked to fetch.
type transfer struct {
	what   string // "ONNX Runtime"
	label  string // "fetching ONNX Runtime 1.30.0 with npm"
	client string
	size   int64 // bytes, about
}

// run runs the client and shows how much it has until it ends; explain makes one
// sentence of its complaint.
func (t transfer) run(ctx context.Context, p *progress, cmd *exec.Cmd, have func() int64, explain func(err error, stderr string) error) error {
	defer p.clear()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	sys.NewGroup(cmd)
	cmd.Cancel = func() error { return sys.EndGroup(cmd.Process.Pid) }
	cmd.WaitDelay = 3 * time.Second
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", t.client, err)
	}
	err := t.watch(p, cmd, have)
	if ctx.Err() != nil {
		return fmt.Errorf("fetching %s was stopped, nothing was put in place: %w", t.what, context.Cause(ctx))
	}
	if err != nil {
		return explain(err, stderr.String())
	}
	return nil
}

func (t transfer) watch(p *progress, cmd *exec.Cmd, have func() int64) error {
	done := make(chan error, 1)
	guard.Go("wait for "+t.client, func() { done <- cmd.Wait() })
	tick := time.NewTicker(150 * time.Millisecond)
	defer tick.Stop()
	for best := int64(0); ; {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			best = max(best, have())
			p.at(t.label, min(best, t.size*99/100), t.size)
		}
	}
}
