package foreign

import (
	"strings"
	"testing"
)

// TestTheTimeOfAllIsNoLatency: what stands beside a number of requests is the time
// of all of them; siege's elapsed_time was read as one latency.
func TestTheTimeOfAllIsNoLatency(t *testing.T) {
	for name, text := range map[string]string{
		"one.json":   `{"requests": 1000, "duration": 12.5, "rps": 80}`,
		"lines.json": `{"name":"a","qps":80,"elapsed":12.5}` + "\n" + `{"name":"b","qps":70,"elapsed":13}`,
		"list.json":  `[{"name":"a","total_requests":80,"run_time_s":12.5}]`,
		"t.csv":      "name,iterations,execution_time\na,100,12.5\n",
		"rate.csv":   "name,wall_time_s,Requests/sec\na,12.5,100\n",
		"siege.csv":  "elapsed_time,transaction_rate\n12.5,100\n",
	} {
		g := readText(t, name, text, Options{})
		if _, ok := errorAs[ColumnError](g.err); !ok || !strings.Contains(g.err.Error(), "the time of all of them") {
			t.Errorf("%s: %v %v", name, g.rows, g.err)
		}
	}
	for name, text := range map[string]string{
		"tokens.csv": "request,duration,tokens_per_second,tps\na,12.5,80,80\n",
		"steps.csv":  "step,elapsed_ms,iteration\na,12.5,3\n",
	} {
		if g := readText(t, name, text, Options{}); g.err != nil || len(g.rows) != 1 || strings.Contains(g.notes, "stands beside") {
			t.Errorf("%s: %v %v %s", name, g.rows, g.err, g.notes)
		}
	}
	if g := readText(t, "mean.csv", "name,latency_ms,requests\na,12.5,80\n", Options{}); g.err != nil || len(g.rows) != 1 || !strings.Contains(g.notes, "stands beside “requests”, so it may be a statistic") {
		t.Error(g.rows, g.err, g.notes)
	}
	if g := readText(t, "one.json", `{"requests": 1000, "duration": 12.5}`, column("duration")); g.err != nil || g.rows[0].Ns != 12_500_000 {
		t.Error("a column that the user names is taken", g.rows, g.err)
	}
}

// TestNothingAnsweredIsNoLatency: tools that print 0 where nothing was measured.
func TestNothingAnsweredIsNoLatency(t *testing.T) {
	hey := "\nSummary:\n  Total:\t0.1 secs\n  Slowest:\t0.0000 secs\n  Fastest:\t0.0000 secs\n  Average:\t NaN secs\n\nStatus code distribution:\n\nError distribution:\n  [20]\tGet \"http://h/\": refused\n"
	h2load := "starting benchmark...\nrequests: 20 total, 2 started, 0 done, 0 succeeded, 20 failed, 20 errored, 0 timeout\nstatus codes: 0 2xx, 0 3xx, 0 4xx, 0 5xx\n                     min         max         mean         sd        +/- sd\ntime for request:        0us         0us         0us         0us     0.00%\n"
	autocannon := `{"latency":{"average":0,"mean":0,"stddev":0,"min":0,"max":0,"p50":0,"p97_5":0,"p99":0,"totalCount":0},"errors":20,"timeouts":0,"non2xx":0}`
	for name, text := range map[string]string{"hey.txt": hey, "h2load.txt": h2load, "autocannon.json": autocannon} {
		g := readText(t, name, text, Options{})
		if g.err != nil || len(g.info.Reported) != 1 || !g.info.Reported[0].Empty() || g.info.Reported[0].Errors != 20 {
			t.Errorf("%s: %+v %v", name, g.info.Reported, g.err)
		}
	}
}

func TestHyperfinesTablesAreNamed(t *testing.T) {
	for _, text := range []string{
		"[cols=\"<,>,>,>,>\"]\n|===\n| Command \n| Mean [ms] \n| Min [ms] \n| Max [ms] \n| Relative \n\n| `true` \n",
		"| Command  |  Mean [ms] |  Min [ms] |  Max [ms] |  Relative |\n|--+--+--+--+--|\n| =true=  |  7.7 ± 5.7 |  0.9 |  19.5 |  1.00 |\n",
		"| Command | Mean [s] | Min [s] | Max [s] | Relative |\n|:---|---:|---:|---:|---:|\n| `true` | 7.7 ± 5.7 | 0.9 | 19.5 | 1.00 |\n",
		"Benchmark 1: true\n  Time (mean ± σ):       7.7 ms ±   5.7 ms    [User: 0.8 ms, System: 0.0 ms]\n",
	} {
		if g := readText(t, "h.md", text, Options{}); g.err == nil || !strings.Contains(g.err.Error(), "hyperfine --export-json") {
			t.Errorf("%q: %v %v", text, g.rows, g.err)
		}
	}
}

// TestACutLastLineIsLeftOut: a tool that was stopped leaves half a line.
func TestACutLastLineIsLeftOut(t *testing.T) {
	line := `{"attack":"a","code":200,"timestamp":"2026-11-28T10:00:00Z","latency":4000000,"error":"","method":"GET","url":"u"}`
	for _, cut := range []string{line[:20], line[:len(line)-1], `{"attack":"a`, `{`} {
		g := readText(t, "v.ndjson", line+"\n"+line+"\n"+cut, Options{})
		if g.err != nil || len(g.rows) != 2 || !strings.Contains(g.notes, "1 line was left out (line 3): the last line is cut short") {
			t.Errorf("%s: %d rows, %v, %s", cut, len(g.rows), g.err, g.notes)
		}
	}
	for _, damaged := range []string{line[:20] + "\n" + line, line + "]", `{"attack":x}`} {
		if g := readText(t, "v.ndjson", line+"\n"+damaged+"\n", Options{}); g.err == nil {
			t.Errorf("%s: %v", damaged, g.rows)
		}
	}
}

// TestUnitsOfRows: a column that says each row's unit is honoured.
func TestUnitsOfRows(t *testing.T) {
	for _, head := range []string{"name,latency,unit", "name,duration,Time Unit", "name,latency,latency_unit"} {
		g := readText(t, "u.csv", head+"\na,1.2,ms\nb,900,us\nc,0.002,s\n", Options{})
		if g.err != nil || len(g.rows) != 3 || g.rows[0].Ns != 1_200_000 || g.rows[1].Ns != 900_000 || g.rows[2].Ns != 2_000_000 || g.notes != "" {
			t.Errorf("%s: %+v %v %s", head, g.rows, g.err, g.notes)
		}
	}
	if g := readText(t, "u.csv", "latency,unit\n1,parsec\n", Options{}); g.err == nil || !strings.Contains(g.err.Error(), "parsec") {
		t.Error(g.rows, g.err)
	}
	if g := readText(t, "u.csv", "latency_ms,unit\n1,token\n", Options{}); g.err != nil || g.rows[0].Ns != 1e6 {
		t.Error("the name says ms", g.rows, g.err)
	}
}

// TestErrorCodes: llmperf and others write a request that failed with times of 0.
func TestErrorCodes(t *testing.T) {
	g := readText(t, "l.json", `[{"error_code":null,"error_msg":"","end_to_end_latency_s":1.5},{"error_code":429,"error_msg":"rate","end_to_end_latency_s":0},{"error_code":0,"error_msg":"","end_to_end_latency_s":1.4}]`, Options{})
	if g.err != nil || len(g.rows) != 3 || !g.rows[0].OK || g.rows[1].OK || !g.rows[2].OK {
		t.Error(g.rows, g.err)
	}
	g = readText(t, "l.csv", "latency_ms,exception\n1,\n2,Timeout\n", Options{})
	if g.err != nil || !g.rows[0].OK || g.rows[1].OK {
		t.Error(g.rows, g.err)
	}
	if g = readText(t, "z.csv", "latency_ms\n1\n0\n", Options{}); g.err != nil || !strings.Contains(g.notes, "1 of 2 latencies are 0") {
		t.Error(g.notes, g.err)
	}
}

// TestDotNet: values with their unit beside them, or in ns.
func TestDotNet(t *testing.T) {
	g := readText(t, "b.csv", "Method,Job,Runtime,N,Mean,Error,StdDev,Median\nSha,DefaultJob,.NET 8.0,1000,\"1,234.5 μs\",0.01 μs,0.02 μs,1.2 ms\nMd5,DefaultJob,.NET 8.0,1000,2.5 ms,0.01 μs,0.02 μs,NA\n", Options{})
	if g.err != nil || len(g.info.Reported) != 2 || g.info.Reported[0].Mean != 1_234_500 || g.info.Reported[0].Percentiles["p50"] != 1_200_000 || g.info.Reported[1].Mean != 2_500_000 {
		t.Errorf("%+v %v", g.info.Reported, g.err)
	}
	g = readText(t, "b.json", `{"Title":"X","HostEnvironmentInfo":{},"Benchmarks":[{"FullName":"X.Sha(N: 1000)","Statistics":{"OriginalValues":[4123.1,4223.2],"N":2}},{"FullName":"X.Broken","Statistics":null}]}`, Options{})
	if g.err != nil || len(g.rows) != 2 || g.rows[1].Ns != 4223 || g.rows[0].Label != "X.Sha(N: 1000)" || !strings.Contains(g.notes, "which failed") {
		t.Error(g.rows, g.err, g.notes)
	}
}
