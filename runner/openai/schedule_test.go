package openai

import (
	"context"
	"io"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/openai/mock"
	"github.com/tailscope/tailscope/runner/protocol"
)

// TestAFlushTakesBackWhatIsNotDue: what a session has asked for ahead of its
// time is dropped by a flush, and is not sent; what is due is, whatever stands
// before it.
func TestAFlushTakesBackWhatIsNotDue(t *testing.T) {
	m := &mock.Server{}
	web := httptest.NewServer(m)
	defer web.Close()
	in, ask := io.Pipe()
	hear, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(context.Background(), in, out, Options{URLs: []string{web.URL}, OpenLoop: true, Timeout: time.Minute})
		_ = out.Close()
	}()
	words := make(chan any, 1<<10)
	go func() {
		defer close(words)
		for r := protocol.NewReader(hear); ; {
			msg, err := r.Next()
			if err != nil {
				return
			}
			words <- msg
		}
	}()
	w := protocol.NewWriter(ask)
	must.OK(t, w.Send(&protocol.Load{}))
	now := clock.Monotonic()
	for id, after := range []time.Duration{1: time.Hour, 50 * time.Millisecond, time.Hour, 0, time.Hour} {
		if id > 0 {
			must.OK(t, w.Send(&protocol.Request{ID: uint64(id), Mode: mode, Batch: 1, Tokens: 3, NewTokens: 2, Order: []string{"optimized"}, DueNs: now + int64(after)}))
		}
	}
	var came []uint64
	for msg := range words {
		switch x := msg.(type) {
		case *protocol.Batch:
			if came = append(came, x.Request...); len(came) == 2 {
				must.OK(t, w.Send(&protocol.Flush{ID: 9}))
			}
			if x.StartNs[0] < now+int64(50*time.Millisecond) && x.Request[0] == 2 {
				t.Error("request 2 was sent before it was due")
			}
		case *protocol.Flushed:
			if want := []uint64{1, 3, 5}; !slices.Equal(x.Dropped, want) {
				t.Errorf("dropped %v, want %v", x.Dropped, want)
			}
			must.OK(t, w.Send(&protocol.Stop{}))
		}
	}
	must.OK(t, <-ended)
	if slices.Sort(came); !slices.Equal(came, []uint64{2, 4}) {
		t.Errorf("answers to %v", came)
	}
}
