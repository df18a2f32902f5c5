package worker

import (
	"bufio"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/protocol"
)

// A worker that does not read keeps nobody waiting, and gets every message in
// order once it does, whichever goroutine wrote it.
func TestSenderNeverWaitsAndKeepsOrder(t *testing.T) {
	r, w, err := os.Pipe()
	must.OK(t, err)
	defer r.Close()
	var s sender
	done := make(chan struct{})
	defer close(done)
	s.start(w, done)
	const n = 20000 // beyond what a pipe holds
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for i := range n {
			s.send(&protocol.Flush{ID: uint64(i + 1)})
			if i%7 == 0 {
				s.post()
			}
		}
	}()
	select {
	case <-sent:
	case <-time.After(20 * time.Second):
		t.Fatal("sending waits for a worker that does not read")
	}
	if s.behind.Load() == 0 {
		t.Error("nothing had to wait: the pipe held it all")
	}
	s.closeInput()
	in, want := bufio.NewScanner(r), 0
	for in.Scan() {
		want++
		if !strings.Contains(in.Text(), `"id":`+strconv.Itoa(want)+`}`) {
			t.Fatalf("line %d is %s", want, in.Text())
		}
	}
	if want != n {
		t.Errorf("%d lines came, %d were sent", want, n)
	}
}

// After a broken pipe the session goes on: the exit of the worker tells it.
func TestSenderOutlivesABrokenPipe(t *testing.T) {
	r, w, err := os.Pipe()
	must.OK(t, err)
	_ = r.Close()
	var s sender
	done := make(chan struct{})
	s.start(w, done)
	for range 100 {
		s.send(&protocol.Stop{})
		s.post()
	}
	if !s.broken.Load() {
		t.Error("a write into a pipe without a reader counts as written")
	}
	close(done)
}

// Every byte comes through the worker's pipe in order, whether the writer is
// slow, fast or gone.
func TestLinePipe(t *testing.T) {
	out, theirs, err := linePipe()
	must.OK(t, err)
	const n = 3000
	go func() {
		defer theirs.Close()
		for i := range n {
			if _, err := theirs.WriteString(strconv.Itoa(i) + "\n"); err != nil {
				t.Error(err)
				return
			}
			if i%500 == 0 {
				time.Sleep(20 * time.Millisecond) // the reader has to wait
			}
		}
	}()
	in, i := bufio.NewScanner(out), 0
	for in.Scan() {
		if in.Text() != strconv.Itoa(i) {
			t.Fatalf("line %d is %q", i, in.Text())
		}
		i++
	}
	if in.Err() != nil || i != n {
		t.Fatalf("%d of %d lines, %v", i, n, in.Err())
	}
	if m, err := out.Read(make([]byte, 1)); m != 0 || err != io.EOF {
		t.Errorf("after the end: %d bytes, %v", m, err)
	}
	if err := out.Close(); err != nil {
		t.Error(err)
	}
}
