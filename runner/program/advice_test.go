package program

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats/strata"
)

// told runs a process's lines through an observer and returns the events.
func told(t *testing.T, lines ...string) []protocol.Event {
	t.Helper()
	var out bytes.Buffer
	o := &observer{out: protocol.NewWriter(&out), name: "app.py", ended: make(chan string, 1)}
	p := newProc(o)
	for _, l := range lines {
		o.locked(func() { p.take([]byte(l)) })
	}
	o.locked(func() { p.advice(true) })
	var events []protocol.Event
	for l := range strings.Lines(out.String()) {
		var e struct {
			T string `json:"t"`
			protocol.Event
		}
		must.OK(t, json.Unmarshal([]byte(l), &e))
		if e.T == "event" {
			events = append(events, e.Event)
		}
	}
	return events
}

func recompile(call, from, to int) string {
	return fmt.Sprintf(`{"t":"event","kind":"recompile","t_ns":1,"dur_ns":2000000000,"call":%d,"lane":1,"on_cuda":true,"reason":"tensor 'x' size mismatch at index 0. expected %d, actual %d"}`, call, from, to)
}

// TestAdvice: the size that changes is named at the second recompile and at
// the end, with what they took; a first one may be torch's own way to dynamic.
func TestAdvice(t *testing.T) {
	head := []string{`{"t":"process","pid":7}`, `{"t":"callable","id":0,"name":"Net","backend":"inductor","strategy":"variable"}`}
	var got []string
	for _, e := range told(t, append(head, recompile(1, 3, 4), recompile(2, 4, 5), recompile(3, 5, 6))...) {
		if e.Extra["advice"] != nil {
			got = append(got, e.Reason)
		}
	}
	if len(got) != 2 || !strings.HasPrefix(got[0], "Net: 2 recompiles, 4.0 s, as dimension 0 of x changes: torch._dynamo.mark_dynamic(x, 0)") || !strings.HasPrefix(got[1], "Net: 3 recompiles, 6.0 s") {
		t.Errorf("advice:\n%s", strings.Join(got, "\n"))
	}
	head[1] = strings.Replace(head[1], "variable", "dynamic", 1)
	for _, lines := range [][]string{{recompile(1, 3, 4)}, {recompile(1, 3, 4), recompile(2, 4, 5)}} {
		for _, e := range told(t, append(head, lines...)...) {
			if e.Extra["advice"] != nil {
				t.Errorf("advice without a cause: %s", e.Reason)
			}
		}
	}
}

// TestTheFirstCompileNamesTheDevice: a compile comes before the first sample,
// and says already that the tensors are on CUDA.
func TestTheFirstCompileNamesTheDevice(t *testing.T) {
	var out bytes.Buffer
	o := &observer{out: protocol.NewWriter(&out), name: "app.py", ended: make(chan string, 1)}
	p := newProc(o)
	for _, l := range []string{`{"t":"process","pid":7,"cuda":"13.0"}`, `{"t":"callable","id":0,"name":"Net","backend":"inductor"}`,
		`{"t":"event","kind":"compiling","t_ns":1,"call":1,"lane":1,"on_cuda":true}`} {
		o.locked(func() { p.take([]byte(l)) })
	}
	if s := out.String(); !strings.Contains(s, `"provider":"cuda"`) || !strings.Contains(s, "torch-cuda-inductor") {
		t.Errorf("loaded: %s", s)
	}
}

// One shape is "1 shape", and calls of microseconds that differ do not differ by +0.000 ms.
func TestTheDrawnComparisonsWords(t *testing.T) {
	var out bytes.Buffer
	o := &observer{out: protocol.NewWriter(&out)}
	o.lanes[strata.Eager], o.loaded = 1, true
	for range 40 {
		o.strata.Add("8", strata.Eager, 2000)
		o.strata.Add("8", strata.Optimized, 1700)
	}
	o.compare(true)
	if want := "within 1 shape optimized − eager is -0.000300 ms in the median (95 %: -0.000300 ms to -0.000300 ms), 40 eager and 40 optimized calls"; !strings.Contains(out.String(), want) {
		t.Errorf("%s", out.String())
	}
}
