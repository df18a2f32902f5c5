package folder

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/runner/plain"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
)

// maxTrace is the number of requests a trace.json holds; beyond it every k-th
// is written, and always those with a compile or a cause. An export made while
// the session runs stops at exportTrace, to cost the run little.
const (
	maxTrace    = 200_000
	exportTrace = 50_000
)

// traceFile writes trace.json, the Chrome trace format: requests of both lanes
// and their compiles as slices, events as instants, GPU readings as counters.
// Times are microseconds since the session's start.
type traceFile struct {
	out     *door.File
	startNs int64
	every   uint64
	buf     []byte
	first   bool
	name    string // of the last request, made of
	shape   string
	mode    stats.Mode
}

func newTraceFile(dir *door.Dir, startNs int64, samples, limit uint64) (*traceFile, error) {
	out, err := dir.Create(TraceName)
	if err != nil {
		return nil, err
	}
	t := &traceFile{out: out, startNs: startNs, every: every(samples, limit), first: true}
	_, err = out.WriteString(`{"displayTimeUnit":"ms","otherData":{"every_nth_request":"` +
		strconv.FormatUint(t.every, 10) + `"},"traceEvents":[` + "\n")
	if err != nil {
		return nil, err
	}
	t.meta("process_name", 0, "tailscope")
	for l := range stats.NumLanes {
		t.meta("thread_name", l+1, stats.Lane(l).String())
	}
	t.meta("thread_name", 3, "events")
	t.meta("thread_name", 4, "background")
	return t, t.flush()
}

func (t *traceFile) meta(name string, tid int, value string) {
	t.begin(name, 'M', tid)
	t.buf = append(t.buf, `,"args":{"name":`...)
	t.str(value)
	t.buf = append(t.buf, "}}"...)
}

// begin starts an entry and leaves it open.
func (t *traceFile) begin(name string, ph byte, tid int) {
	if !t.first {
		t.buf = append(t.buf, ",\n"...)
	}
	t.first = false
	t.buf = append(t.buf, `{"name":`...)
	t.str(name)
	t.buf = append(t.buf, `,"ph":"`...)
	t.buf = append(t.buf, ph)
	t.buf = append(t.buf, `","pid":1,"tid":`...)
	t.buf = strconv.AppendInt(t.buf, int64(tid), 10)
}

func (t *traceFile) str(s string) {
	if simple(s) {
		t.buf = append(append(append(t.buf, '"'), s...), '"')
		return
	}
	b, err := json.Marshal(s)
	if err != nil {
		b = []byte(`""`)
	}
	t.buf = append(t.buf, plain.JSON(b)...)
}

// simple says whether s stands in JSON as it is.
func simple(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}

// us appends a key with nanoseconds as microseconds with three decimals.
func (t *traceFile) us(key string, ns int64) {
	t.buf = append(t.buf, `,"`...)
	t.buf = append(t.buf, key...)
	t.buf = append(t.buf, `":`...)
	if ns < 0 {
		t.buf = append(t.buf, '-')
		ns = -ns
	}
	t.buf = strconv.AppendInt(t.buf, ns/1000, 10)
	f := ns % 1000
	t.buf = append(t.buf, '.', byte('0'+f/100), byte('0'+f/10%10), byte('0'+f%10))
}

func (t *traceFile) flush() error {
	_, err := t.out.Write(t.buf)
	t.buf = t.buf[:0]
	return err
}

func (t *traceFile) sample(s *stats.Sample) error {
	if s.Request%t.every != 0 && s.CompileNs <= 0 && s.Cause == stats.CauseNone {
		return nil
	}
	if t.shape != s.Shape || t.mode != s.Mode || t.name == "" {
		t.name, t.shape, t.mode = s.Mode.String()+" "+s.Shape, s.Shape, s.Mode
	}
	t.begin(t.name, 'X', int(s.Lane)+1)
	t.us("ts", s.StartNs-t.startNs)
	t.us("dur", s.WallNs)
	t.buf = append(t.buf, `,"args":{"request":`...)
	t.buf = strconv.AppendUint(t.buf, s.Request, 10)
	for _, kv := range [...][2]string{{"scenario", s.Scenario}, {"strategy", s.Strategy}, {"backend", s.Backend},
		{"cause", s.Cause.String()}, {"status", s.Status()}} {
		if kv[1] != "" {
			t.buf = append(t.buf, `,"`...)
			t.buf = append(t.buf, kv[0]...)
			t.buf = append(t.buf, `":`...)
			t.str(kv[1])
		}
	}
	t.buf = append(t.buf, `,"warmup":`...)
	t.buf = strconv.AppendBool(t.buf, s.Warmup)
	t.buf = append(t.buf, "}}"...)
	return t.flush()
}

// record writes what is no sample.
func (t *traceFile) record(r *journal.Record) error {
	switch r.Kind {
	case journal.KindEvent:
		t.event(&r.Event)
	case journal.KindTelemetry:
		t.gpu(&r.Telemetry)
	}
	return t.flush()
}

// lasting says whether t_ns of an event is its beginning. Others, a new shape
// for one, are noticed at the end of a request that has its own slice.
func lasting(e *stats.Event) bool {
	switch e.Kind {
	case stats.KindLoaded, stats.KindCompile, stats.KindRecompile, stats.KindGraphCapture, stats.KindMark:
		return e.DurNs > 0
	}
	return false
}

// event is a slice where it lasts (a compile, inside its request's slice, or
// on a track of its own when no request waits for it) and an instant otherwise:
// slices of a track nest, or Perfetto drops them.
func (t *traceFile) event(e *stats.Event) {
	lane, err := stats.ParseLane(e.Lane)
	tid := int(lane) + 1
	if err != nil {
		tid = 3
	}
	if lasting(e) {
		if e.Request == nil && err == nil {
			tid = 4
		}
		t.begin(strings.TrimSpace(string(e.Kind)+" "+e.Shape), 'X', tid)
		t.us("ts", e.TNs-t.startNs)
		t.us("dur", e.DurNs)
	} else {
		t.begin(string(e.Kind), 'i', tid)
		t.us("ts", e.TNs-t.startNs)
		t.buf = append(t.buf, `,"s":"t"`...)
	}
	t.buf = append(t.buf, `,"args":{"reason":`...)
	t.str(e.Reason)
	t.buf = append(t.buf, "}}"...)
}

func (t *traceFile) gpu(g *gpu.State) {
	names := [...]string{"gpu util %", "gpu memory util %", "gpu memory bytes", "", "gpu power mW", "", "gpu °C",
		"gpu SM clock MHz", "", "gpu memory clock MHz", "PCIe tx kB/s", "PCIe rx kB/s"}
	for i, v := range readings(g) {
		if names[i] == "" || v.Err != "" || g.Why != "" || v.Value != v.Value {
			continue
		}
		t.begin(names[i], 'C', 0)
		t.us("ts", g.TNs-t.startNs)
		t.buf = append(t.buf, `,"args":{"value":`...)
		t.buf = strconv.AppendFloat(t.buf, v.Value, 'g', -1, 64)
		t.buf = append(t.buf, "}}"...)
	}
}

func (t *traceFile) close() error {
	_, err := t.out.WriteString("\n]}\n")
	return cmp.Or(err, t.out.Close())
}
