package torch

import (
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// session is a worker that was loaded and takes messages one by one.
type session struct {
	t   *testing.T
	cmd *exec.Cmd
	w   *protocol.Writer
	r   *protocol.Reader
	all []any
}

func open(t *testing.T, load protocol.Load, extra ...string) *session {
	t.Helper()
	argv, env := standin(t, extra...)
	if load.Name == "" {
		load.Name = "builtin:tiny-gpt2"
	}
	load.RecompileLimit, load.Seed = max(load.RecompileLimit, 2), 7
	if load.Check == 0 {
		load.Check = 1
	}
	return openWorker(t, argv, env, load)
}

// openWorker starts a worker and loads; env nil is this process's.
func openWorker(t *testing.T, argv, env []string, load protocol.Load) *session {
	t.Helper()
	s := &session{t: t, cmd: exec.Command(argv[0], argv[1:]...)}
	s.cmd.Env, s.cmd.Stderr = env, testLog{t}
	in := must.Get(s.cmd.StdinPipe())(t)
	out := must.Get(s.cmd.StdoutPipe())(t)
	must.OK(t, s.cmd.Start())
	t.Cleanup(func() { _ = s.cmd.Process.Kill(); _ = s.cmd.Wait() })
	s.w, s.r = protocol.NewWriter(in), protocol.NewReader(out)
	s.send(&load)
	return s
}

func (s *session) send(msgs ...any) {
	s.t.Helper()
	for _, m := range msgs {
		if err := s.w.Send(m); err != nil {
			s.t.Fatal(err)
		}
	}
}

// rest reads until the worker ends and returns its exit code.
func (s *session) rest() int {
	s.t.Helper()
	for {
		msg, err := s.r.Next()
		if err == io.EOF {
			_ = s.cmd.Wait()
			return s.cmd.ProcessState.ExitCode()
		}
		if err != nil {
			s.t.Fatal(err)
		}
		s.all = append(s.all, msg)
	}
}

// of returns the messages of one type.
func of[T any](s *session) (found []*T) {
	for _, m := range s.all {
		if v, ok := m.(*T); ok {
			found = append(found, v)
		}
	}
	return found
}

func (s *session) events(k stats.Kind) (found []*protocol.Event) {
	for _, e := range of[protocol.Event](s) {
		if e.Kind == k && !strings.HasPrefix(e.Reason, "loading: ") { // before loaded: none of the session's
			found = append(found, e)
		}
	}
	return found
}

type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

func req(id uint64, mode, prefill, decode string, tokens, exec int) *protocol.Request {
	return &protocol.Request{ID: id, Mode: mode, Batch: 1, Tokens: tokens, Exec: [2]int{exec, exec}, NewTokens: 4, Seed: id,
		Strategy: protocol.Strategy{Prefill: prefill, Decode: decode}, Order: []string{"eager", "optimized"}}
}

// drainAndStop waits for the sample of the last request before it stops the
// worker.
func (s *session) drainAndStop(t *testing.T, last uint64) {
	t.Helper()
	for {
		msg := must.Get(s.r.Next())(t)
		s.all = append(s.all, msg)
		if b, ok := msg.(*protocol.Batch); ok && b.Request[b.Len()-1] == last {
			break
		}
	}
	s.send(&protocol.Stop{})
	if code := s.rest(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// ran tells which lanes of which requests reported.
func (s *session) ran() map[uint64]map[string]bool {
	m := map[uint64]map[string]bool{}
	for _, b := range of[protocol.Batch](s) {
		for _, id := range b.Request {
			if m[id] == nil {
				m[id] = map[string]bool{}
			}
			m[id][b.Lane] = true
		}
	}
	return m
}
