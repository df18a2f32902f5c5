package foreign

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/snapshot/internal/textio"
)

// readJSON reads a JSON document by what it holds.
func readJSON(path, name string, o *Options, info *Info, yield func(*Row) error) error {
	top, err := readObject(path)
	if err != nil {
		return err
	}
	p := peer{path: path, name: name, o: o, info: info, yield: yield}
	switch {
	case deep(top, "latencies_ms") != nil:
		info.Format = "run file"
		return runRows(top, path, name, o, info, yield)
	case isList(top["benchmarks"]):
		info.Format = "Google benchmark"
		return p.googleBenchmark(top["benchmarks"].([]any))
	case isList(top["results"]):
		info.Format = "hyperfine"
		return p.hyperfine(top["results"].([]any))
	case top["latencyPercentiles"] != nil:
		info.Format = "oha"
		return p.oha(top)
	}
	return fmt.Errorf("%s: %w", path, ErrNone)
}

func isList(v any) bool { _, ok := v.([]any); return ok }

// peer reads another tool's document.
type peer struct {
	path, name string
	o          *Options
	info       *Info
	yield      func(*Row) error
}

// emit filters a row and hands it on. Columns that filters can name are label,
// name and those given.
func (p *peer) emit(r *Row, columns map[string]string) error {
	p.info.Rows++
	get := func(c string) string {
		switch c {
		case "label", "backend", "name", "command":
			return r.Label
		case "status":
			if r.OK {
				return "ok"
			}
			return "error"
		}
		return columns[c]
	}
	if !p.o.Keep(get) {
		p.info.Filtered++
		return nil
	}
	if p.o.By != "" {
		r.By = get(p.o.By)
	}
	r.File = p.name
	return p.yield(r)
}

func number(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

// hyperfine: results[].command, times[] in seconds, exit_codes[].
func (p *peer) hyperfine(results []any) error {
	for i, x := range results {
		m, ok := x.(map[string]any)
		if !ok {
			return fmt.Errorf("%s: results[%d] is no object", p.path, i)
		}
		label, _ := scalar(m["command"])
		times, ok := m["times"].([]any)
		if !ok {
			return fmt.Errorf("%s: results[%d] has no times", p.path, i)
		}
		codes, _ := m["exit_codes"].([]any)
		columns := map[string]string{}
		if params, ok := m["parameters"].(map[string]any); ok {
			for k, v := range params {
				columns[k], _ = scalar(v)
			}
		}
		for k, t := range times {
			r := Row{Label: first(label, "all"), Run: label, HasRun: true, Index: int64(k), OK: true}
			var err error
			if r.Ns, err = latency(t, 1e9); err != nil {
				return fmt.Errorf("%s: results[%d].times[%d]: %w", p.path, i, k, err)
			}
			if k < len(codes) {
				code, _ := scalar(codes[k])
				r.OK = code == "0"
			}
			if err := p.emit(&r, columns); err != nil {
				return err
			}
		}
	}
	return nil
}

func latency(v any, scale float64) (int64, error) {
	f, ok := number(v)
	if !ok {
		return 0, errors.New("no number")
	}
	ns, err := textio.CheckNs(f * scale)
	if err == nil && ns < 0 {
		err = errors.New("a latency is negative")
	}
	return ns, err
}

// googleBenchmark: benchmarks[] of run_type iteration; a repetition is one
// value, itself a mean over iterations.
func (p *peer) googleBenchmark(list []any) error {
	p.info.Notes = append(p.info.Notes, "A Google benchmark value is the mean of many iterations: quantiles are those of repetitions, and say nothing of single calls.")
	for i, x := range list {
		m, ok := x.(map[string]any)
		if !ok {
			return fmt.Errorf("%s: benchmarks[%d] is no object", p.path, i)
		}
		if s, _ := scalar(m["run_type"]); s == "aggregate" {
			continue
		}
		name, _ := scalar(first2(m, "run_name", "name"))
		unit, _ := scalar(m["time_unit"])
		sc, err := scale(first(unit, "ns"))
		if err != nil {
			return fmt.Errorf("%s: benchmarks[%d]: %w", p.path, i, err)
		}
		r := Row{Label: first(name, "all"), Run: name, HasRun: true, Index: int64(i), OK: m["error_occurred"] != true}
		if r.Ns, err = latency(m["real_time"], sc); err != nil && r.OK {
			return fmt.Errorf("%s: benchmarks[%d].real_time: %w", p.path, i, err)
		}
		if err := p.emit(&r, nil); err != nil {
			return err
		}
	}
	return nil
}

// oha's JSON holds percentiles in seconds but no measurements.
func (p *peer) oha(top map[string]any) error {
	rep := Reported{Label: p.name, File: p.name, Percentiles: map[string]float64{}}
	pc, ok := top["latencyPercentiles"].(map[string]any)
	if !ok {
		return fmt.Errorf("%s: latencyPercentiles is no object", p.path)
	}
	for k, v := range pc {
		if f, ok := number(v); ok && len(rep.Percentiles) < 100 {
			rep.Percentiles[k] = f * 1e9
		}
	}
	if s, ok := top["summary"].(map[string]any); ok {
		get := func(k string) float64 { f, _ := number(s[k]); return f * 1e9 }
		rep.MeanNs, rep.MinNs, rep.MaxNs = get("average"), get("fastest"), get("slowest")
	}
	if d, ok := top["statusCodeDistribution"].(map[string]any); ok {
		for _, v := range d {
			f, _ := number(v)
			if f > 0 && f < 1e15 {
				rep.N += int64(f)
			}
		}
	}
	p.info.Reported = append(p.info.Reported, rep)
	p.info.Notes = append(p.info.Notes, "oha's JSON holds its own percentiles, no measurements: they are shown as reported, without intervals. 'oha --output-format csv' keeps each request.")
	return nil
}

// ohaCSV: request-start,…,request-duration,bytes,status; seconds. oha writes
// only requests that got an answer.
func ohaCSV(l *textio.Lines, name string, o *Options, info *Info, yield func(*Row) error) error {
	info.Format = "oha"
	p := peer{path: name, name: name, o: o, info: info, yield: yield}
	return eachLine(l, func(f [][]byte) error {
		if len(f) != 7 {
			return fmt.Errorf("%d fields, want 7", len(f))
		}
		ns, err := textio.ParseScaled(string(f[4]), 1e9)
		if err != nil || ns < 0 {
			return fmt.Errorf("request-duration %q is no latency", f[4])
		}
		return p.emit(&Row{Label: name, Run: name, HasRun: true, Index: int64(l.N), Ns: ns, OK: httpOK(string(f[6]))}, nil)
	})
}

func httpOK(code string) bool {
	n, err := strconv.Atoi(code)
	return err == nil && n >= 200 && n < 400
}

// eachLine splits the lines that follow as CSV; an error names its line.
func eachLine(l *textio.Lines, f func([][]byte) error) error {
	var fields [][]byte
	for {
		line, err := l.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(line) == 0 {
			continue
		}
		if fields, err = textio.SplitCSV(fields, line); err == nil {
			err = f(fields)
		}
		if err != nil {
			return l.Errorf("%v", err)
		}
	}
}

// vegetaResult is a line of "vegeta encode --to json".
type vegetaResult struct {
	Attack  string `json:"attack"`
	Code    *int   `json:"code"`
	Latency *int64 `json:"latency"` // ns
	Error   string `json:"error"`
	Method  string `json:"method"`
	URL     string `json:"url"`
}

func isVegeta(line []byte) bool {
	var v vegetaResult
	return json.Unmarshal(line, &v) == nil && v.Code != nil && v.Latency != nil
}

func (v *vegetaResult) row(n int) *Row {
	label := first(v.Attack, strings.TrimSpace(v.Method+" "+v.URL), "all")
	return &Row{Label: label, Scenario: v.URL, Run: label, HasRun: true, Index: int64(n), Ns: max(*v.Latency, 0),
		OK: v.Error == "" && *v.Code >= 200 && *v.Code < 400}
}

func vegetaJSON(l *textio.Lines, line []byte, name string, o *Options, info *Info, yield func(*Row) error) error {
	info.Format = "vegeta"
	p := peer{path: name, name: name, o: o, info: info, yield: yield}
	for {
		var v vegetaResult
		if err := json.Unmarshal(line, &v); err != nil {
			return l.Errorf("%v", err)
		}
		if v.Code == nil || v.Latency == nil {
			return l.Errorf("no code or no latency")
		}
		if err := p.emit(v.row(l.N), nil); err != nil {
			return err
		}
		var err error
		for line = nil; len(line) == 0; {
			if line, err = l.Next(); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
		}
	}
}

// isVegetaCSV: timestamp in ns, code, latency in ns, bytes out, bytes in,
// error, body, attack, seq, method, url, headers; no header line.
func isVegetaCSV(f [][]byte) bool {
	return len(f) >= 8 && len(f) <= 12 && len(f[0]) >= 16 && digits(f[0]) && len(f[1]) <= 3 && digits(f[1]) && digits(f[2])
}

func digits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

func vegetaCSV(l *textio.Lines, f [][]byte, name string, o *Options, info *Info, yield func(*Row) error) error {
	info.Format = "vegeta"
	p := peer{path: name, name: name, o: o, info: info, yield: yield}
	take := func(f [][]byte) error {
		if !isVegetaCSV(f) {
			return errors.New("not a line of vegeta encode --to csv")
		}
		code, err := strconv.Atoi(string(f[1]))
		if err != nil {
			return err
		}
		ns, err := textio.ParseScaled(string(f[2]), 1)
		if err != nil {
			return err
		}
		v := vegetaResult{Attack: string(f[7]), Code: &code, Latency: &ns, Error: string(f[5])}
		if len(f) > 10 {
			v.Method, v.URL = string(f[9]), string(f[10])
		}
		return p.emit(v.row(l.N), nil)
	}
	if err := take(f); err != nil {
		return l.Errorf("%v", err)
	}
	return eachLine(l, take)
}

// isPerfTest: model, seconds, peak working set, CPU usage, index; no header.
func isPerfTest(f [][]byte) bool {
	if len(f) != 5 || !digits(f[2]) || !digits(f[4]) {
		return false
	}
	_, err := strconv.ParseFloat(string(f[1]), 64)
	return err == nil
}

// perfTest reads onnxruntime_perf_test's result file. After the measurements
// come statistics in words, which are left out.
func perfTest(l *textio.Lines, line []byte, name string, o *Options, info *Info, yield func(*Row) error) error {
	info.Format = "onnxruntime_perf_test"
	p := peer{path: name, name: name, o: o, info: info, yield: yield}
	var f [][]byte
	for {
		var err error
		if f, err = textio.SplitCSV(f, line); err != nil || !isPerfTest(f) {
			return nil
		}
		ns, err := textio.ParseScaled(string(f[1]), 1e9)
		if err != nil || ns < 0 {
			return l.Errorf("%q is no latency", f[1])
		}
		label := first(string(f[0]), name)
		if err := p.emit(&Row{Label: label, Model: string(f[0]), Run: name, HasRun: true, Index: int64(l.N), Ns: ns, OK: true},
			map[string]string{"model": string(f[0])}); err != nil {
			return err
		}
		if line, err = l.Next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}
