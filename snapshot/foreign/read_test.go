package foreign

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

// samples of each format, as the tools write them.
var files = map[string]struct {
	name, text string
	n          int
	failed     int
	firstNs    int64
	label      string
}{
	"table":     {"metrics.csv", "backend,scenario,status,latency_ms\ngpu,s1,ok,3.5\ngpu,s1,error,\ncpu,s2,ok,\"1.25\"\n", 3, 1, 3_500_000, "gpu"},
	"hyperfine": {"h.json", `{"results":[{"command":"sleep 1","times":[1.001,1.002],"exit_codes":[0,1]}]}`, 2, 1, 1_001_000_000, "sleep 1"},
	"google":    {"g.json", `{"context":{},"benchmarks":[{"name":"BM_x/8","run_name":"BM_x/8","run_type":"iteration","real_time":12.5,"time_unit":"us"},{"name":"BM_x/8_mean","run_type":"aggregate","real_time":1,"time_unit":"us"}]}`, 1, 0, 12_500, "BM_x/8"},
	"vegeta":    {"v.json", `{"attack":"a","seq":0,"code":200,"timestamp":"2026-01-01T00:00:00Z","latency":1234,"bytes_out":0,"bytes_in":5,"error":"","method":"GET","url":"http://x/"}` + "\n" + `{"attack":"a","seq":1,"code":503,"latency":99,"error":"503"}` + "\n", 2, 1, 1234, "a"},
	"vegetacsv": {"v.csv", "1700000000000000000,200,4321,0,5,,Ym9keQ==,attack1,0,GET,http://x/,\n", 1, 0, 4321, "attack1"},
	"ohacsv":    {"o.csv", "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status\n0.1,0,0,0.2,0.0025,10,200\n0.1,0,0,0.2,0.5,10,500\n", 2, 1, 2_500_000, "all"},
	"perftest":  {"p.csv", "squeezenet,0.00123,1000,50,0\nsqueezenet,0.002,1000,50,1\n\nP50 Latency is 0.0012 sec\n", 2, 0, 1_230_000, "squeezenet"},
	"run":       {"run_1.json", `{"scenario":"s","backend":"gpu","latencies_ms":[3325.81,590.5]}`, 2, 0, 3_325_810_000, "gpu"},
}

func TestEveryFormat(t *testing.T) {
	for format, f := range files {
		t.Run(format, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), f.name)
			write(t, path, f.text)
			var rows []Row
			must.Get(Read(path, Options{}, func(r *Row) error { rows = append(rows, *r); return nil }))(t)
			failed := 0
			for _, r := range rows {
				if !r.OK {
					failed++
				}
			}
			if len(rows) != f.n || failed != f.failed || rows[0].Ns != f.firstNs || !strings.HasSuffix(rows[0].Label, f.label) {
				t.Fatalf("%d rows, %d failed, first %+v", len(rows), failed, rows[0])
			}
		})
	}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	must.OK(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must.OK(t, os.WriteFile(path, []byte(text), 0o644))
}

func TestOhaReportsWhatItKnows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "o.json")
	write(t, path, `{"summary":{"average":0.002,"slowest":0.01,"fastest":0.001},"latencyPercentiles":{"p50":0.0018,"p99":0.009},"statusCodeDistribution":{"200":950,"500":50}}`)
	info, err := Read(path, Options{}, func(*Row) error { t.Fatal("a row"); return nil })
	if err != nil || len(info.Reported) != 1 {
		t.Fatal(info, err)
	}
	if r := info.Reported[0]; r.N != 1000 || r.Percentiles["p99"] != 9e6 || r.Max != 1e7 {
		t.Fatalf("%+v", r)
	}
}

// TestTreeTakesNamesFromItsPath reads TR117's layout.
func TestTreeTakesNamesFromItsPath(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "runs/single_micro/transformers-gpu/fp32/models_tiny-gpt2/run_1.json"), `{"latencies_ms":[3,1],"status":"ok"}`)
	write(t, filepath.Join(dir, "runs/single_micro/transformers-gpu-compile/fp32/models_tiny-gpt2/run_2.json"),
		`{"latencies_ms":[2],"model":"models/tiny-gpt2","compile":{"backend":"inductor","dynamo_counters_after_compile":{"stats":{"unique_graphs":1}}}}`)
	var rows []Row
	info, err := Read(dir, Options{}, func(r *Row) error { rows = append(rows, *r); return nil })
	if err != nil || len(rows) != 3 {
		t.Fatal(rows, err)
	}
	for _, r := range rows {
		if r.Scenario != "single_micro" || r.Quantization != "fp32" || !strings.HasPrefix(r.Label, "transformers-gpu") || !r.HasRun {
			t.Errorf("%+v", r)
		}
	}
	real := map[string]string{}
	for _, c := range info.Compiles {
		real[c.Label] = c.Real
	}
	if real["transformers-gpu"] != "label-only" || real["transformers-gpu-compile"] != "compiler-real" {
		t.Fatal(real)
	}
	kept := 0
	if _, err := Read(dir, Options{Where: []Filter{{Column: "model", Value: "models/tiny-gpt2"}}}, func(*Row) error { kept++; return nil }); err != nil || kept != 1 {
		t.Fatal(kept, err)
	}
}

// TestJudgeFollowsTR120 is section 2.5: all three conditions, or label-only.
func TestJudgeFollowsTR120(t *testing.T) {
	for text, want := range map[string]string{
		`{"backend":"inductor","dynamo_counters_after_compile":{"a":1}}`: "compiler-real",
		`{"backend":"inductor"}`: "label-only",
		`{"backend":"inductor","dynamo_counters_after_compile":null}`:                                         "label-only",
		`{"backend":"aot_eager","dynamo_counters_after_compile":{"a":1}}`:                                     "label-only",
		`{"backend":"inductor","dynamo_counters_after_compile":{"a":1},"fallback_from":"inductor"}`:           "label-only",
		`{"backend":"x","backend_requested":"x","counters_after_compile":{"unique_graphs":1}}`:                "compiler-real",
		`{"backend":"y","backend_requested":"x","counters_after_compile":{"unique_graphs":1}}`:                "label-only",
		`{"backend":"x","backend_requested":"x","counters_after_compile":{"a":1},"fallback_error":"no disk"}`: "label-only",
		`null`: "label-only",
	} {
		path := filepath.Join(t.TempDir(), "run_1.json")
		write(t, path, `{"backend":"l","latencies_ms":[1],"compile":`+text+`}`)
		info, err := Read(path, Options{}, func(*Row) error { return nil })
		if err != nil || len(info.Compiles) != 1 || info.Compiles[0].Real != want {
			t.Errorf("%s: %+v, %v", text, info.Compiles, err)
		}
	}
}

func TestErrorsNameFileAndLine(t *testing.T) {
	for text, want := range map[string]string{
		"backend,latency_ms\ngpu,1\ngpu,x\n":        ":3: latency_ms",
		"backend,latency_ms\ngpu,1\ngpu\n":          ":3: 1 fields",
		"backend,latency_ms\ngpu,\"1\n":             ":2: ",
		"backend,walls\ngpu,1\n":                    ":1: no latency column",
		"backend,latency_ms\ngpu,-1\n":              ":2: latency_ms",
		"{\n\"results\": [\n{\"command\": 3,\n]}\n": ":4: ",
	} {
		path := filepath.Join(t.TempDir(), "f.csv")
		write(t, path, text)
		_, err := Read(path, Options{}, func(*Row) error { return nil })
		if err == nil || !strings.Contains(err.Error(), "f.csv"+want) {
			t.Errorf("%q: %v; want …%s", text, err, want)
		}
	}
}

// FuzzRead feeds any bytes to the registry: beginning with a file of each
// format, whatever comes is read or refused, and no sentence holds a raw byte.
func FuzzRead(f *testing.F) {
	for _, x := range files {
		f.Add([]byte(x.text))
	}
	f.Add([]byte("\xef\xbb\xbflatency_ms\n1e308\n"))
	f.Add([]byte("<?xml version=\"1.0\"?>\n<testResults lb\xa7=\"\">")) // the error quoted the name's bytes
	for name := range readWanted(f) {
		b := must.Get(os.ReadFile(filepath.Join("testdata", name)))(f)
		f.Add(b)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(dir, "f")
		must.OK(t, os.WriteFile(path, b, 0o600))
		began := time.Now()
		defer func() {
			if d := time.Since(began); d > 20*time.Second {
				t.Fatalf("took %v", d)
			}
		}()
		for _, o := range []Options{{}, {By: "scenario", Unit: "s"}, {Columns: map[string]string{"latency": "x", "status": "none"}}} {
			info, err := Read(path, o, func(r *Row) error {
				if r.Ns < 0 {
					t.Fatalf("negative latency %+v", r)
				}
				safe(t, r.Label, r.Mode, r.Scenario, r.Model, r.Quantization, r.Run, r.By)
				return nil
			})
			if err != nil {
				safe(t, strings.ReplaceAll(err.Error(), "\n", " "))
			}
			safe(t, info.Notes...)
			for _, r := range info.Reported {
				safe(t, r.Label, r.Mode)
			}
		}
	})
}

func safe(t *testing.T, texts ...string) {
	for _, s := range texts {
		if s != rows.Clean(s) && strings.TrimSpace(s) != rows.Clean(s) {
			t.Fatalf("%q is not safe to print", s)
		}
	}
}
