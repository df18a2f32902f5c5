package cli_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel/testmodels"
)

// A fieldCase is an input that once misled the program, with its command and the
// figure or sentence that is right.
type fieldCase struct {
	files string // below testdata/cases; a model is one of testmodels.Cases
	args  string // its command: the files follow
	right string // for docs/cases.md
	code  int
	want  []string // regular expressions of what is printed, and of the session's report and counters
	not   []string
	check func(t *testing.T, c *fieldCase) // what it takes beside
}

const (
	allAgree = `"n": [1-9]\d*, "failed": 0,`
	none     = `, 0 failed\), started`
)

func forward(rest string) string { return "run --provider cpu --mode forward " + rest + " --model" }

// row50 is a row of analyze's table: label, n, mean and p50.
func row50(label, n, mean, p50 string) string {
	return `(?m)^ +` + label + ` +` + n + ` +` + mean + `( +[\d.]+){1,2} +` + p50 + ` `
}

var fieldCases = []fieldCase{
	{files: "gqa-padding/gqa_pos.onnx", args: "run --provider cpu --mode prefill --strategy padded --reps 3 --check 1 --model", right: "padded on the right: every compared output is equal", want: []string{allAgree, none}},
	{files: "gqa-padding/gqa_pos.onnx", args: "run --provider cpu --mode kv_decode --strategy kv-bucketed --reps 2 --check 1 --model", right: "no request fails, every compared output is equal", want: []string{allAgree, none}},
	{files: "gqa-padding/gqa_pos.onnx", args: "model inspect", right: "padded and kv-bucketed are offered because they were tried", want: []string{`padded +yes, tried: the same answers`, `kv-bucketed +yes, tried: the same answers`}},
	{files: "gqa-evidence/gqa.onnx", args: "run --provider cpu --mode prefill --reps 3 --model", right: "every executable has evidence", want: []string{allAgree, `"nodes_after": [1-9]`, `Compiler-real: \d+ executables made`}, not: []string{"probe_error"}},
	{files: "scalar-control/sr.onnx", args: forward("--dim batch=1 --reps 60"), right: "sr is 16000, said, and the branch of twenty products is measured; `--input sr=8000` measures the other", want: []string{`sr \(a sample rate, 16000\)`}, check: lighter("--input=sr=8000", 4)},
	{files: "lengths-input/lens.onnx", args: forward("--dim batch=1 --dim frames=1000 --reps 30"), right: "x_lens is 1000, said, and all frames are computed", want: []string{`x_lens \(lengths of LSTM`}, check: lighter("--input=x_lens=1", 10)},
	{files: "float-mask/mask.onnx", args: forward("--dim batch=1 --dim length=16 --reps 20"), right: "a mask is 1 whatever its type: no request fails", want: []string{`attention_mask \(a mask, 1\)`, none}},
	{files: "shared-batch/expr.onnx", args: forward("--dim batch=1 --dim past_sequence_length=3,8 --reps 20 --check 1"), right: "past_sequence_length + 1 is 4 and 9: two executables, no request fails", want: []string{`"unique_graphs": 2,`, allAgree, none}},
	{files: "shared-batch/past.onnx", args: forward("--dim batch=1 --dim seq_len=1,2,4 --dim past_seq_len=3,8 --dim total_seq_len=4..12 --reps 20 --check 1"), right: "the total follows from its parts: six executables, no request fails", want: []string{`total_seq_len = past_seq_len \+ seq_len`, `"unique_graphs": 6,`, allAgree, none}},
	{files: "none-output/none.onnx", args: forward("--reps 10 --warmup 0 --check 1"), right: "no crash, no restart, no request fails", want: []string{`20 samples \(0 warm-ups, 0 failed\)`, allAgree}, not: []string{"the worker exited", `(?m)^\| restart`}},
	{files: "none-output/none.onnx", args: forward("--reps 10 --warmup 0 --check 1 --input cond=false"), right: "the same where the output is none", want: []string{`20 samples \(0 warm-ups, 0 failed\)`}, not: []string{"the worker exited", `(?m)^\| restart`}},
	{files: "tiny-output/sig.onnx", args: forward("--dim batch=1,4 --reps 200 --check 1"), right: "400 of 400 compared outputs are equal", want: []string{`"n": 400, "failed": 0,`}},
	{files: "tiny-output/sig.onnx", args: forward("--dim batch=1..60 --reps 1 --warmup 0"), right: "(all-compiled) every optimized sample contains a compile, said; its p99 without is unknown", want: []string{`Every optimized sample contains a compile`, `(?m)^\| optimized \| compile \| \d+ \| — \|`}},
	{files: "tiny-output/sig.onnx", args: forward("--dim batch=4 --threads 8 --cpus 0 --reps 5"), right: "(oversubscribed) eight threads on one CPU: said", want: []string{`8 compute threads share 1 CPU\(s\)`}},
	{files: "terminal-escape/esc.onnx", args: "model inspect", right: "no control character is printed", want: []string{`float32`}},
	{files: "terminal-escape/label.csv", args: "analyze", right: "likewise", want: []string{`red +1 +1\.5`}},
	{files: "terminal-escape/header.csv", args: "analyze", right: "likewise, in the error", code: 2, want: []string{`no latency column among .*red, b`}},
	{files: "unit-from-name/sec.csv", args: "analyze --latency-column latency_sec", right: "p50 11.5 ms", want: []string{row50("eager", "2", "11.5", "11.5")}},
	{files: "unit-from-name/usec.csv", args: "analyze --latency-column latency_usec", right: "p50 11.5 ms", want: []string{row50("eager", "2", "11.5", "11.5")}},
	{files: "unit-from-name/hey.csv", args: "analyze --latency-column response-time", right: "p50 3.8 ms", want: []string{row50("all", "2", "3.8", "3.8")}},
	{files: "unit-from-name/bare.csv", args: "analyze", right: "read as ms, and doubted", want: []string{`names no unit and was read as ms.* give --unit s`}},
	{files: "perf-test-appended/with_statistics.csv", args: "analyze", right: "two runs of 3, p50 2.2 and 1.0 ms; 14 lines left out, said", want: []string{row50("squeezenet", "3", "2.2", "2.2"), row50(`squeezenet \(run 2\)`, "3", "1", "1"), `14 lines were left out`, `not pooled`}},
	{files: "perf-test-appended/plain.csv", args: "analyze", right: "two runs of 3, p50 2.2 and 1.0 ms", want: []string{row50("squeezenet", "3", "2.2", "2.2"), row50(`squeezenet \(run 2\)`, "3", "1", "1"), `not pooled`}},
	{files: "perf-test-appended/damaged.csv", args: "analyze", right: "two runs of 3; the damaged line is left out, said", want: []string{row50("squeezenet", "3", "2.2", "2.2"), row50(`squeezenet \(run 2\)`, "3", "1", "1"), `1 line was left out \(line 4\)`}},
	{files: "perf-test-appended/six_columns.csv", args: "analyze", right: "the latency of six columns: p50 2.25 ms", want: []string{row50("squeezenet", "2", "2.25", "2.25")}},
	{files: "second-document/hyperfine.json", args: "analyze", right: "both documents: p50 11 and 111 ms", want: []string{row50("run", "3", "11", "11"), row50(`run \(run 2\)`, "3", "111", "111")}},
	{files: "second-document/runs.jsonl", args: "analyze", right: "both runs: p50 2 and 5 ms", want: []string{row50("x", "3", "2", "2"), row50("y", "3", "5", "5")}},
	{files: "oha-compare/before/oha.csv oha-compare/after/oha.csv", args: "compare", right: "compared: p50 2.3 ms on both sides, no change told", want: []string{`all +p50 +2\.3000 +2\.3000 +1\.0000`}},
	{files: "http-status/http.csv", args: "analyze", right: "200 is ok, 500 is not: n 2, p50 10.5 ms", want: []string{row50("a", "2", "10.5", "10.5"), `Left out of a: 1 with a status other than ok`}},
	{files: "http-status/success.csv", args: "analyze", right: "success is ok, failed is not: n 2, p50 10.5 ms", want: []string{row50("a", "2", "10.5", "10.5"), `Left out of a: 1 with a status other than ok`}},
	{files: "table-edges/blanks.csv", args: "analyze", right: "a blank beside a comma is no part of a value: p50 2 ms", want: []string{row50("a", "2", "2", "2")}},
	{files: "table-edges/no_latency.csv", args: "analyze", right: "a line without a latency is left out, said, and was not filtered: n 2, p50 2 ms", want: []string{row50("a", "2", "2", "2"), `1 line was left out \(line 3\): no latency`}, not: []string{"filters"}},
	{files: "table-edges/mz.csv", args: "analyze", right: "a table whose first column is called mz is no program: p50 2 ms", want: []string{row50("all", "2", "2", "2")}},
	{files: "equal-names/before equal-names/after", args: "analyze", right: "run files of one name in two trees are two runs: without the first of each the mean is 1 ms", want: []string{`(?m)^ +gpu +6 +3\.6667 +1 +9 +9 +1 +2 +2 +2 +1 *$`}},
	{files: "http-status/k6.csv", args: "analyze --latency-column metric_value", right: "n 2, p50 6 ms", want: []string{row50("all", "2", "6", "6")}},
	{files: "unknown-column/v.ndjson", args: "analyze --where code=200", right: "the column is there: n 1, 4 ms", want: []string{`(?m)^ +a +1 +4 `}},
	{files: "unknown-column/v.ndjson", args: "analyze --where cod=200", right: "there is no column “cod”; did you mean “code”?", code: 2, want: []string{`no column “cod” to filter by; did you mean “code”`}},
	{files: "unknown-column/v.ndjson", args: "analyze --by nonsense", right: "there is no column “nonsense”", code: 2, want: []string{`no column “nonsense” to break down by`}},
	{files: "not-a-table/semicolon.csv", args: "analyze", right: "read: n 1, 1 ms", want: []string{`(?m)^ +a +1 +1 `}},
	{files: "not-a-table/tab.tsv", args: "analyze", right: "read: n 1, 1 ms", want: []string{`(?m)^ +a +1 +1 `}},
	{files: "not-a-table/comment.csv", args: "analyze", right: "read: n 1, 1 ms", want: []string{`(?m)^ +a +1 +1 `}},
	{files: "not-a-table/hey.txt", args: "analyze", right: "hey's text without a latency; 'hey -o csv' keeps each request", code: 2, want: []string{`hey -o csv`}},
	{files: "not-a-table/wrk.txt", args: "analyze", right: "wrk without a latency; what keeps each request is named", code: 2, want: []string{`wrk keeps no single requests`}},
	{files: "not-a-table/ab_e.csv", args: "analyze --latency-column Time_in_ms", right: "percentiles, not samples: no n, p50 4 and p99 120 ms as reported", want: []string{`(?m)^ +all +4 +120 `, `'ab -g F' keeps each request`}, not: []string{"Overall"}},
	{files: "not-a-table/x.parquet", args: "analyze", right: "a Parquet file that is cut short", code: 1, want: []string{`a Parquet file that is cut short or damaged`}},
	{files: "peer-formats/gbench_agg.json", args: "analyze", right: "as reported: mean 0.0145, std 0.00158, p50 0.0145 ms", want: []string{`BM_run/64 +0\.0145 +0\.001580 +0\.0145`}},
	{files: "peer-formats/jmh.json", args: "analyze", right: "n 5, 12 ns a call, whole ns and said so", want: []string{row50(`a\.B\.c`, "5", "0.00001240", "0.00001200"), `the last digits are rounded`}},
	{files: "peer-formats/k6.ndjson", args: "analyze", right: "n 50, p50 5.745 ms", want: []string{row50("all", "50", "5.745", "5.745")}},
	{files: "peer-formats/k6_summary.json", args: "analyze", right: "as reported: n 100, mean 7, p50 6.4, p95 11 ms", want: []string{`all +100 +7 +5 +6\.4 +9\.6 +11 +20`}},
	{files: "peer-formats/llama_bench.json", args: "analyze", right: "pp512: n 5, mean 513, p50 512 ms", want: []string{row50("pp512", "5", "513", "512")}},
	{files: "peer-formats/locust_stats.csv", args: "analyze", right: "as reported: n 500, 3 errors, p50 12, p99 44 ms; the sum is not counted twice", want: []string{`GET / +500 +3 +13\.4 +8\.1 +12 +18 +22 +44`}, not: []string{`Aggregated`}},
	{files: "peer-formats/oha_allfail.json", args: "analyze", right: "600 errors, the refused connections named, no latency of 0", want: []string{`connection refused \(600\)`, `(?m)^ +all +600 `}},
	{files: "peer-formats/profile_export.jsonl", args: "analyze", right: "e2e n 3, p50 311.47; ttft n 3, p50 62.29 ms; warm-ups and the cancelled one left out", want: []string{row50(`e2e +all`, "3", "312.1463", "311.4659"), row50(`ttft +all`, "3", "62.4293", "62.2932"), `1 with a status other than ok, 8 warm-ups`}},
	{files: "peer-formats/pytest_benchmark.json", args: "analyze", right: "n 5, p50 1.1 ms", want: []string{row50(`t.py::test_x`, "5", "4.86", "1.1")}},
	{files: "peer-formats/results.jtl", args: "analyze", right: "A n 40, B n 36 and 4 failed, p50 12 ms", want: []string{row50("A", "40", `1[\d.]+`, "12"), row50("B", "36", `1[\d.]+`, "12"), `Left out of B: 4 with a status other than ok`}},
	{files: "peer-formats/trtexec_times.json", args: "analyze", right: "n 11, p50 2.387 ms, the first a cold start", want: []string{row50("all", "11", "3311.2833", "2.3871"), `true`}},
	{files: "peer-formats/vllm_serve.json", args: "analyze", right: "e2e p50 102.2, itl 11.18, ttft 57.03 ms; 3 of 60 requests are in it, said", want: []string{row50("e2e +vllm", "3", "109.0842", "102.2164"), row50("itl +vllm", "12", "11.1176", "11.1758"), row50("ttft +vllm", "3", "64.6136", "57.0323"), `60 requests are said to be completed, 3 are in the lists`}},
}

// TestFieldCases runs each of them through the real program. TAILSCOPE_CASES names
// a folder with other files of these names to take instead.
func TestFieldCases(t *testing.T) {
	for _, c := range fieldCases {
		name, _, _ := strings.Cut(c.files, " ")
		t.Run(name+" "+strings.Fields(c.args)[0], func(t *testing.T) {
			t.Parallel()
			text := c.run(t)
			for _, w := range c.want {
				if !regexp.MustCompile(w).MatchString(text) {
					t.Errorf("no %s in\n%s", w, text)
				}
			}
			for _, w := range c.not {
				if regexp.MustCompile(w).MatchString(text) {
					t.Errorf("%s in\n%s", w, text)
				}
			}
			if c.check != nil {
				c.check(t, &c)
			}
		})
	}
}

// run returns what is printed, and of a session its report, counters and evidence.
func (c *fieldCase) run(t *testing.T, more ...string) string {
	t.Helper()
	args := strings.Fields(c.args)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "_in_", " in ")
	}
	for _, f := range strings.Fields(c.files) {
		args = append(args, caseFile(t, f))
	}
	session := args[0] == "run"
	out := t.TempDir()
	if session {
		args = append(append(args, "--out", out), more...)
	}
	stdout, stderr, code := run(t, args...)
	text := stdout + stderr
	if code != c.code {
		t.Fatalf("exit code %d: %s", code, text)
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f || r == 0xfffd }); i >= 0 {
		t.Errorf("a control character in %q", text)
	}
	if session {
		dir := sessionDir(t, out)
		for _, f := range []string{"report.md", "compiler_evidence.json", filepath.Join("*", "compiler_counters.json")} {
			paths, _ := filepath.Glob(filepath.Join(dir, f))
			for _, p := range paths {
				b := must.Get(os.ReadFile(p))(t)
				text += strings.Join(strings.Fields(string(b)), " ") + "\n" + string(b)
			}
		}
	}
	return text
}

// caseFile is the path of a file; models are written.
func caseFile(t *testing.T, name string) string {
	t.Helper()
	if dir := os.Getenv("TAILSCOPE_CASES"); dir != "" {
		return filepath.Join(dir, name)
	}
	if base, ok := strings.CutSuffix(filepath.Base(name), ".onnx"); ok {
		return must.Get(testmodels.WriteCase(t.TempDir(), base))(t)
	}
	return filepath.Join("testdata", "cases", name)
}

// lighter demands that a run with the option takes less than its part of the time
// that it takes without, by the median.
func lighter(option string, part float64) func(t *testing.T, c *fieldCase) {
	p50 := regexp.MustCompile(`\(p50\) \| ([\d.]+) \| ([\d.]+) \|`)
	return func(t *testing.T, c *fieldCase) {
		var ms [2]float64
		for i, more := range [][]string{nil, {option}} {
			m := p50.FindStringSubmatch(c.run(t, more...))
			if m == nil {
				t.Fatal("no p50 in the report")
			}
			must.Get(fmt.Sscan(m[2], &ms[i]))(t)
		}
		if ms[0] < part*ms[1] {
			t.Errorf("p50 %v ms, with %s %v ms: not %g times as long", ms[0], option, ms[1], part)
		}
	}
}

// TestCasesAreDocumented: the table of docs/cases.md is that of the cases; -update
// writes it. Where TAILSCOPE_CASES is a folder, each of its files is named there.
func TestCasesAreDocumented(t *testing.T) {
	const doc, begin, end = "../docs/cases.md", "<!-- cases -->\n", "<!-- end of cases -->\n"
	b := must.Get(os.ReadFile(doc))(t)
	before, rest, ok := strings.Cut(string(b), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the marks of the table are missing")
	}
	var s strings.Builder
	s.WriteString("| files | command | right |\n|---|---|---|\n")
	for _, c := range fieldCases {
		fmt.Fprintf(&s, "| %s | `%s` | %s |\n", c.files, c.args, c.right)
	}
	want := before + begin + s.String() + end + after
	if flag.Lookup("update").Value.String() == "true" { // of the golden frames' package

		must.OK(t, os.WriteFile(doc, []byte(want), 0o600))
	} else if want != string(b) {
		t.Error("docs/cases.md is not what the cases say: go test ./cli -run TestCasesAreDocumented -update")
	}
	dir := os.Getenv("TAILSCOPE_CASES")
	if dir == "" {
		return
	}
	var missing []string
	must.OK(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, path)
		maker := strings.HasPrefix(d.Name(), "README") || d.Name() == "make.py" // of the other files, or about them
		if err == nil && !d.IsDir() && !maker && !strings.Contains(want, filepath.ToSlash(rel)) {
			missing = append(missing, rel)
		}
		return err
	}))
	slices.Sort(missing)
	for _, f := range missing {
		t.Errorf("docs/cases.md does not name %s", f)
	}
}
