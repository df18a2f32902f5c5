package torchtrace

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tailscope/tailscope/runner/plain"
	"github.com/tailscope/tailscope/stats"
)

// Record is one thing that a trace tells.
type Record struct {
	UnixNs    int64 // when it began
	DurNs     int64
	Kind      stats.Kind
	What      string // compile, recompile, backward, break, limit, failed, hit, miss, recording, autotune
	Function  string
	CompileID string
	Reason    string
	Graph     bool // an executable was made
	Rank      int  // -1: none
}

// Parser reads the lines of one file in order.
type Parser struct {
	Lines, Unknown int // of the first kind are all that begin a record
	payload        *Record
	want           int // payload lines that are still looked at
	rank           int
}

// header is a line that begins a record: glog's prefix, then JSON.
var header = regexp.MustCompile(`^[VIWEC](\d{4} \d\d:\d\d:\d\d\.\d{6}) \d+ \S+\] (\{.*)$`)

// metrics is what is read of compilation_metrics and compilation_metrics_runtime;
// a null there is a zero here.
type metrics struct {
	CompileID   string  `json:"compile_id"`
	CoName      string  `json:"co_name"`
	CacheSize   int     `json:"cache_size"`
	Ops         int     `json:"graph_op_count"`
	Guarded     bool    `json:"has_guarded_code"`
	StartTime   float64 `json:"start_time"`
	StartUs     int64   `json:"start_time_us"`
	DurationUs  int64   `json:"duration_us"`
	FrameS      float64 `json:"entire_frame_compile_time_s"`
	Reason      string  `json:"recompile_reason"`
	FailType    *string `json:"fail_type"`
	FailReason  string  `json:"fail_reason"`
	Forward     *bool   `json:"is_forward"`
	Runtime     bool    `json:"is_runtime"`
	CudagraphUs int64   `json:"runtime_cudagraphify_time_us"`
	AutotuneUs  int64   `json:"runtime_triton_autotune_time_us"`
}

// line is what is read of a record's JSON.
type line struct {
	Rank     *int     `json:"rank"`
	Frame    *int     `json:"frame_id"`
	Compile  *int     `json:"frame_compile_id"`
	Metrics  *metrics `json:"compilation_metrics"`
	Runtime  *metrics `json:"compilation_metrics_runtime"`
	Backward *metrics `json:"bwd_compilation_metrics"`
	Artifact *struct {
		Name string `json:"name"`
	} `json:"artifact"`
}

// interesting are the keys of the records that are decoded; the others, which
// are most, are passed over.
var interesting = [][]byte{[]byte(`"compilation_metrics"`), []byte(`"compilation_metrics_runtime"`), []byte(`"bwd_compilation_metrics"`),
	[]byte(`"dynamo_graph_break_reason"`), []byte(`"fx_graph_cache_hit"`), []byte(`"fx_graph_cache_miss"`)}

// Line takes one line without its end and returns what it tells.
func (p *Parser) Line(text []byte) []Record {
	if len(text) > 0 && text[0] == '\t' {
		return p.payloadLine(text[1:])
	}
	var out []Record
	if p.payload != nil { // its payload has ended
		out = append(out, *p.payload)
		p.payload = nil
	}
	m := header.FindSubmatch(text)
	if m == nil {
		if len(bytes.TrimSpace(text)) > 0 {
			p.Unknown++
		}
		return out
	}
	p.Lines++
	for _, key := range interesting {
		if bytes.Contains(m[2][:min(len(m[2]), 160)], key) {
			return append(out, p.record(m[2], string(m[1]))...)
		}
	}
	return out
}

// Flush returns what waited for its payload's end.
func (p *Parser) Flush() []Record {
	if p.payload == nil {
		return nil
	}
	r := *p.payload
	p.payload = nil
	return []Record{r}
}

func (p *Parser) record(data []byte, at string) []Record {
	var l line
	if err := json.Unmarshal(data, &l); err != nil {
		p.Unknown++
		return nil
	}
	if p.rank = -1; l.Rank != nil {
		p.rank = *l.Rank
	}
	switch {
	case l.Metrics != nil:
		return p.compiled(l.Metrics)
	case l.Backward != nil:
		l.Backward.Forward = new(false)
		return p.compiled(l.Backward)
	case l.Runtime != nil:
		l.Runtime.Runtime = true
		return p.compiled(l.Runtime)
	case l.Artifact != nil:
		r := Record{UnixNs: wallTime(at, time.Now()), Kind: stats.KindMark, Rank: p.rank}
		if l.Frame != nil && l.Compile != nil {
			r.CompileID = fmt.Sprintf("%d/%d", *l.Frame, *l.Compile)
		}
		switch l.Artifact.Name {
		case "dynamo_graph_break_reason":
			r.What, r.Reason = "break", "graph break"
			p.payload, p.want = &r, 12
			return nil
		case "fx_graph_cache_hit":
			r.What, r.Reason = "hit", "a compiled graph came from the cache"
		case "fx_graph_cache_miss":
			r.What, r.Reason = "miss", "the cache had no such graph"
		default:
			return nil
		}
		return []Record{r}
	}
	return nil
}

// compiled is what a record of metrics says happened.
func (p *Parser) compiled(m *metrics) []Record {
	r := Record{UnixNs: cmp.Or(m.StartUs*1e3, int64(m.StartTime*1e9)), DurNs: cmp.Or(m.DurationUs*1e3, int64(m.FrameS*1e9)),
		Function: m.CoName, CompileID: m.CompileID, Rank: p.rank, Kind: stats.KindMark}
	if m.Runtime {
		return runtimeRecords(r, m)
	}
	r.Graph = m.Guarded && m.Ops > 0
	why := cmp.Or(firstLine(numbered.ReplaceAllString(m.Reason, "")), "another executable") // the newest executable's guard
	switch {
	case strings.Contains(m.FailReason, "recompile limit"):
		r.Kind, r.What, r.Reason = stats.KindLimitReached, "limit", "the recompile limit is reached: new shapes run eager from here; "+why
	case m.FailType != nil:
		r.What, r.Reason = "failed", fmt.Sprintf("not compiled: %s: %s", *m.FailType, firstLine(m.FailReason))
	case m.Forward != nil && !*m.Forward:
		r.What, r.Reason, r.Graph = "backward", "the backward pass was compiled", false
	case m.CacheSize > 0:
		r.Kind, r.What, r.Reason = stats.KindRecompile, "recompile", why
	default:
		r.Kind, r.What, r.Reason = stats.KindCompile, "compile", "first executable"
	}
	if r.Graph || r.What != "compile" && r.What != "recompile" {
		return []Record{r}
	}
	return nil // nothing of it to compile: Dynamo looked and let it be
}

func runtimeRecords(r Record, m *metrics) (out []Record) {
	if m.CudagraphUs > 0 {
		r.Kind, r.What, r.Reason, r.DurNs = stats.KindGraphCapture, "recording", "CUDA graph recorded", m.CudagraphUs*1e3
		out = append(out, r)
	}
	if m.AutotuneUs > 0 {
		r.Kind, r.What, r.Reason, r.DurNs = stats.KindMark, "autotune", "Triton tuned a kernel", m.AutotuneUs*1e3
		out = append(out, r)
	}
	return out
}

var numbered = regexp.MustCompile(`^\s*\d+/\d+:\s*`)

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return plain.Clip(strings.ToValidUTF8(s, "�"), 300)
}

// payloadLine takes the sentence of a graph break out of its text; the code
// that follows is not looked at.
func (p *Parser) payloadLine(text []byte) []Record {
	if p.payload == nil || p.want == 0 {
		return nil
	}
	p.want--
	s := strings.TrimSpace(string(text))
	where, found := strings.CutPrefix(s, "Graph break in user code at ")
	switch {
	case found:
		p.payload.Function = filepath.Base(where)
	case s == "" || strings.HasPrefix(s, "Graph Break Reason:"):
	case strings.HasPrefix(s, "User code traceback"):
		p.want = 0
	default: // the first sentence that says what it was
		p.payload.Reason, p.want = "graph break: "+firstLine(s), 0
	}
	return nil
}

// wallTime reads glog's time, which has no year: the latest that is not after
// now. In nanoseconds since 1970.
func wallTime(s string, now time.Time) int64 {
	t, err := time.ParseInLocation("2006 0102 15:04:05.000000", strconv.Itoa(now.Year())+" "+s, time.Local)
	if err != nil {
		return now.UnixNano()
	}
	if t.After(now.Add(24 * time.Hour)) {
		t = t.AddDate(-1, 0, 0)
	}
	return t.UnixNano()
}
