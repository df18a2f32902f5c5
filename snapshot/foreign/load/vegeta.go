package load

import (
	"cmp"
	"encoding/gob"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

const vegetaSeen = "vegeta 12.13 (files written here)"

var vegetaColumns = []string{"attack", "code", "error", "method", "url", "seq"}

var (
	_ = rows.Register(rows.Format{
		Name: "vegeta JSON", Tool: "vegeta encode --to json",
		Seen:   vegetaSeen,
		Reads:  "latency (ns), code, error; the attack's name, else method and URL, as label",
		Leaves: "bodies, headers, bytes",
		Doc:    func(d *rows.Doc) bool { return d.Has("code") && d.Has("latency") && d.Has("timestamp") },
		ReadDoc: func(in *rows.Input, d *rows.Doc) error {
			var v vegetaResult
			if err := in.Record(d, &v, func() bool { return v.Code != nil && v.Latency != nil }, vegetaColumns...); err != nil {
				return err
			}
			return v.emit(in, d.Line)
		},
	})
	_ = rows.Register(rows.Format{
		Name: "vegeta CSV", Tool: "vegeta encode --to csv",
		Seen:   vegetaSeen,
		Reads:  "latency (ns), code, error; the attack's name, else method and URL, as label",
		Leaves: "bodies, headers, bytes",
		Table: &rows.Table{Unit: "ns", Columns: map[string]string{"latency": "latency", "label": "attack", "scenario": "url"},
			Line: vegetaLine,
			Row: func(in *rows.Input, r *rows.Row, get func(string) string) {
				r.Label = cmp.Or(r.Label, strings.TrimSpace(get("method")+" "+get("url")))
				if in.Judge(r, "code", get("code")); get("error") != "" {
					r.OK = false
				}
			}},
	})
	_ = rows.Register(rows.Format{
		Name: "vegeta log", Tool: "vegeta attack (results.bin)",
		Seen:   vegetaSeen,
		Reads:  "as its JSON; unpacked here, 'vegeta encode' is not needed",
		Leaves: "bodies, headers, bytes",
		Head:   func(head []byte) bool { return has(head[:min(len(head), 512)], "Result\x01\xff", "Latency") },
		Read:   readVegetaLog,
	})
	_ = rows.Register(rows.Format{
		Name: "vegeta report", Tool: "vegeta report -type=json",
		Seen:    vegetaSeen,
		Reads:   "latencies: mean, min, max and 50th to 99th, in ns; requests and their codes",
		Leaves:  "rate, bytes, durations",
		Samples: "The log of 'vegeta attack', or 'vegeta encode' of it, keeps each request.",
		Doc:     func(d *rows.Doc) bool { return d.Has("latencies", "99th") && d.Has("requests") },
		ReadDoc: readVegetaReport,
	})
	_ = rows.Register(rows.Format{
		Name: "vegeta report as text", Tool: "vegeta report",
		Seen:    vegetaSeen,
		Reads:   "the line of latencies and how many requests there were",
		Leaves:  "rate, bytes, codes",
		Samples: "The log of 'vegeta attack' keeps each request.",
		Head:    func(head []byte) bool { return has(head, "Requests  ", "[total, rate", "Latencies  ") },
		Read: func(in *rows.Input) error {
			r, err := readReport(in)
			if err != nil {
				return err
			}
			r.stats.N = r.count(`^Requests\s+\[total, rate[^\]]*\]\s+(\d+),`)
			for _, m := range r.all(`^Latencies\s+\[([^\]]*)\]\s+(.*)$`) {
				names, values := strings.Split(m[1], ", "), strings.Split(m[2], ", ")
				for i := range min(len(names), len(values)) {
					ns := span(values[i])
					r.stats.Stat(names[i], ns)
					r.stats.Stat("p"+names[i], ns)
				}
			}
			return r.finish(in)
		},
	})
)

// vegetaResult is a request of vegeta's log, as JSON and as gob name it.
type vegetaResult struct {
	Attack  string `json:"attack"`
	Code    *int   `json:"code"`
	Latency *int64 `json:"latency"` // ns
	Error   string `json:"error"`
	Method  string `json:"method"`
	URL     string `json:"url"`
	Seq     uint64 `json:"seq"`
}

func (v *vegetaResult) column(c string) string {
	return map[string]string{"attack": v.Attack, "code": strconv.Itoa(*v.Code), "error": v.Error, "method": v.Method, "url": v.URL,
		"seq": strconv.FormatUint(v.Seq, 10)}[c]
}

func (v *vegetaResult) emit(in *rows.Input, index int) error {
	r := rows.Row{Label: cmp.Or(v.Attack, strings.TrimSpace(v.Method+" "+v.URL)), Scenario: v.URL, HasRun: true, Index: int64(index), Ns: max(*v.Latency, 0)}
	if in.Judge(&r, "code", strconv.Itoa(*v.Code)); v.Error != "" {
		r.OK = false
	}
	return in.Emit(&r, v.column)
}

// vegetaLine: timestamp in ns, code, latency in ns, bytes out, bytes in, error,
// body, attack, seq, method, url, headers; no header line.
func vegetaLine(f [][]byte) []string {
	names := []string{"timestamp", "code", "latency", "bytes_out", "bytes_in", "error", "body", "attack", "seq", "method", "url", "headers"}
	if len(f) < 8 || len(f) > len(names) || len(f[0]) < 16 || len(f[1]) > 3 || !rows.Digits(f[0]) || !rows.Digits(f[1]) || !rows.Digits(f[2]) || !rows.Digits(f[3]) {
		return nil
	}
	return names[:len(f)]
}

// readVegetaLog reads the gob stream of results.
func readVegetaLog(in *rows.Input) error {
	if err := in.Columns(vegetaColumns...); err != nil {
		return err
	}
	dec := gob.NewDecoder(in.Text)
	for n := 1; ; n++ {
		var g struct {
			Attack, Error, Method, URL string
			Code                       uint16
			Seq                        uint64
			Latency                    time.Duration
			Timestamp                  time.Time
		}
		err := dec.Decode(&g)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && n == 1:
			return in.Errorf(0, "%w: it is a binary log of an older vegeta than 12, or damaged; 'vegeta encode' of that version writes it as JSON", rows.ErrNone)
		case err != nil && strings.Contains(err.Error(), "duplicate type"):
			return in.Errorf(0, "a second log begins after %d requests; give the logs one by one", n-1)
		case err != nil:
			in.Note("%s: the log is cut short or damaged after %d requests; what follows was not read.", in.Name, n-1)
			return nil
		}
		code, ns := int(g.Code), int64(g.Latency)
		v := vegetaResult{Attack: g.Attack, Code: &code, Latency: &ns, Error: g.Error, Method: g.Method, URL: g.URL, Seq: g.Seq}
		if err := v.emit(in, n); err != nil {
			return err
		}
	}
}

func readVegetaReport(in *rows.Input, d *rows.Doc) error {
	var v struct {
		Latencies map[string]json.RawMessage `json:"latencies"`
		Requests  int64                      `json:"requests"`
		Codes     map[string]int64           `json:"status_codes"`
	}
	if err := in.Document(d, &v, func() bool { return v.Latencies != nil }); err != nil {
		return err
	}
	r := rows.NoStats()
	r.N = v.Requests
	for k, raw := range v.Latencies {
		ns := rows.Number(string(raw), 1)
		r.Stat(k, ns)
		r.Stat("p"+strings.TrimSuffix(k, "th"), ns)
	}
	for code, n := range v.Codes {
		if rows.HTTPFailed(code) {
			r.Errors += n
		}
	}
	return in.Report(r)
}
