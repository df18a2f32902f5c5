package foreign

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

// got is what was read of a text.
type got struct {
	rows  []Row
	info  *Info
	err   error
	notes string
}

func readText(t *testing.T, name, text string, o Options) got {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	write(t, path, text)
	var g got
	g.info, g.err = Read(path, o, func(r *Row) error { g.rows = append(g.rows, *r); return nil })
	g.notes = strings.Join(g.info.Notes, "\n")
	return g
}

func column(name string) Options { return Options{Columns: map[string]string{"latency": name}} }

// TestUnitsInNames: whatever a column calls its unit, 11 ms are 11 ms.
func TestUnitsInNames(t *testing.T) {
	for name, value := range map[string]string{"latency_sec": "0.011", "latency_usec": "11000", "latency (s)": "0.011", "time_seconds": "0.011",
		"latencyNs": "11000000", "elapsed_seconds": "0.011", "Latency [us]": "11000", "latencyMicros": "11000", "latencyMillis": "11", "ms_latency": "11",
		"latency_ms": "11", "wall µs": "11000", "t_us": "11000", "Time in ms": "11", "durationSeconds": "0.011", "p(ms)": "11"} {
		g := readText(t, "f.csv", "backend,"+name+"\na,"+value+"\n", column(name))
		if g.err != nil || len(g.rows) != 1 || g.rows[0].Ns != 11e6 {
			t.Errorf("%s: %+v, %v", name, g.rows, g.err)
		}
		if strings.Contains(g.notes, "names no unit") {
			t.Errorf("%s: %s", name, g.notes)
		}
	}
	for _, name := range []string{"latency", "requests/s", "tokens_per_s", "dns", "response-time", "s", "minimum", "items"} {
		if ns, ok := rows.UnitOf(name); ok {
			t.Errorf("%s has the unit %v", name, ns)
		}
	}
}

// TestTheMedianThatANoteTells is that of the file: 61 ns are not "about 48 ns", the middle of the numbers of six bits.
func TestTheMedianThatANoteTells(t *testing.T) {
	if g := readText(t, "f.csv", "latency_ns\n61\n61\n62\n900\n", Options{}); g.err != nil || !strings.Contains(g.notes, "the median is about 61 ns:") {
		t.Error(g.notes, g.err)
	}
	if g := readText(t, "f.csv", "latency_ns\n0\n0\n0\n", Options{}); g.err != nil || !strings.Contains(g.notes, "3 of 3 latencies are 0") {
		t.Error(g.notes, g.err)
	}
}

// TestWhatIsNoNumberIsCutShort: tinybench's latency is an object of statistics, which the error held whole.
func TestWhatIsNoNumberIsCutShort(t *testing.T) {
	g := readText(t, "f.json", `[{"name":"a","latency":{"p50":1,"why":"`+strings.Repeat("x", 5000)+`"}}]`, Options{})
	if g.err == nil || !strings.Contains(g.err.Error(), "is no number") || len(g.err.Error()) > 300 {
		t.Errorf("%.400v", g.err)
	}
}

// TestBareLatencyIsDoubted: 0.012 of no unit is read as ms and doubted; 12 is
// read as ms, and said to be.
func TestBareLatencyIsDoubted(t *testing.T) {
	if g := readText(t, "f.csv", "latency\n0.012\n0.011\n", Options{}); g.err != nil || !strings.Contains(g.notes, "give --unit s") {
		t.Error(g.notes, g.err)
	}
	if g := readText(t, "f.csv", "latency\n12\n11\n", Options{}); g.err != nil || !strings.Contains(g.notes, "read as ms") || strings.Contains(g.notes, "give --unit") {
		t.Error(g.notes, g.err)
	}
	if g := readText(t, "f.csv", "latency\n0.012\n", Options{Unit: "s"}); g.err != nil || g.notes != "" || g.rows[0].Ns != 12e6 {
		t.Error(g.notes, g.err)
	}
}

func TestHeyKeepsItsUnitWhenItsColumnIsNamed(t *testing.T) {
	g := readText(t, "hey.csv", "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n0.0036,0,0,0,0,0,200,0\n0.0040,0,0,0,0,0,503,0\n", column("response-time"))
	if g.err != nil || g.rows[0].Ns != 3.6e6 || !g.rows[0].OK || g.rows[1].OK {
		t.Fatal(g.rows, g.err)
	}
}

// TestAppendedRunsAreTold: two runs of perf_test in one file, with what stands
// between them told.
func TestAppendedRunsAreTold(t *testing.T) {
	run := func(times ...string) (s string) {
		for i, x := range times {
			s += "squeezenet," + x + ",123,97," + string(rune('0'+i)) + "\n"
		}
		return s
	}
	a, b := run("0.0022", "0.0021", "0.0023"), run("0.0009", "0.001", "0.0011")
	for name, text := range map[string]string{"plain": a + b, "damaged": a + "some words\n" + b, "statistics": a + "\nMin Latency: 0.0021 s\n" + b} {
		g := readText(t, "p.csv", text, Options{})
		if g.err != nil || len(g.rows) != 6 || g.rows[0].Label != "squeezenet" || g.rows[3].Label != "squeezenet (run 2)" || g.rows[3].Ns != 900_000 {
			t.Errorf("%s: %+v %v", name, g.rows, g.err)
		}
		if (name != "plain") != strings.Contains(g.notes, "left out (line") || !strings.Contains(g.notes, "not pooled") {
			t.Errorf("%s: %s", name, g.notes)
		}
	}
	if g := readText(t, "p.csv", "m,0.0005,0.0022,123,97,0\nm,0.0006,0.0023,123,97,1\n", Options{}); g.err != nil || len(g.rows) != 2 || g.rows[0].Ns != 2_200_000 {
		t.Error(g.rows, g.err)
	}
}

// TestSecondDocuments: each is read, or the file is refused with the line.
func TestSecondDocuments(t *testing.T) {
	g := readText(t, "h.json", `{"results":[{"command":"run","times":[0.01,0.011]}]}`+"\n"+`{"results":[{"command":"run","times":[0.11]}]}`, Options{})
	if g.err != nil || len(g.rows) != 3 || g.rows[2].Label != "run (run 2)" {
		t.Error(g.rows, g.err)
	}
	g = readText(t, "h.json", "{\n\"results\":[{\"command\":\"run\",\"times\":[0.01,0.011]}]\n}\n{\n\"results\":[{\"command\":\"other\",\"times\":[0.11]}]}", Options{})
	if g.err != nil || len(g.rows) != 3 || g.rows[2].Label != "other" {
		t.Error(g.rows, g.err)
	}
	g = readText(t, "runs.jsonl", `{"latencies_ms":[1,2,3],"backend":"x"}`+"\n"+`{"latencies_ms":[4,5,6],"backend":"y"}`+"\n", Options{})
	if g.err != nil || len(g.rows) != 6 || g.rows[0].Label != "x" || g.rows[5].Label != "y" || g.rows[0].Run == g.rows[5].Run {
		t.Error(g.rows, g.err)
	}
	for _, second := range []string{`{"a":1}`, `{"results":}`, `]`, `[1,2]`} {
		g = readText(t, "h.json", `{"results":[{"command":"run","times":[0.01]}]}`+"\n"+second+"\n", Options{})
		if g.err == nil || !strings.Contains(g.err.Error(), "h.json:2") {
			t.Errorf("%s: %v", second, g.err)
		}
	}
}

// TestOhaAndHeyShareALabel: a file that names nothing does not bring its path.
func TestOhaAndHeyShareALabel(t *testing.T) {
	oha := readText(t, "oha.csv", "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status\n0.1,0,0,0.2,0.0021,4,200\n", Options{})
	hey := readText(t, "hey.csv", "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n0.0036,0,0,0,0,0,200,0\n", Options{})
	if oha.err != nil || hey.err != nil || oha.rows[0].Label != hey.rows[0].Label {
		t.Fatal(oha.rows, hey.rows)
	}
	if g := readText(t, "oha.csv", "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status\n0.1,0,0,0.2,0.0021,4,200\n", Options{Unnamed: "before"}); g.rows[0].Label != "before" {
		t.Fatal(g.rows)
	}
}

func TestStatuses(t *testing.T) {
	for text, want := range map[string]string{
		"status\n200\n204\n302\n404\n500\n0\n":      "111000",
		"status\nok\nOK\nsuccess\npassed\nerror\n":  "11110",
		"success\ntrue\nTRUE\n1\nfalse\n0\n":        "11100",
		"error\n\nnone\ntimeout\n":                  "11 0",
		"error\n0.002\n0.0\n":                       "11",
		"failed\nfalse\n0\ntrue\n":                  "110",
		"status_code\n200\n503\n":                   "10",
		"status\ndone\n":                            "0",
		"status\n200 OK\n500 Internal Server Error": "10",
	} {
		name, rest, _ := strings.Cut(text, "\n")
		var body string
		for line := range strings.SplitSeq(strings.TrimSuffix(rest, "\n"), "\n") {
			body += "3," + line + "\n"
		}
		g := readText(t, "f.csv", "latency_ms,"+name+"\n"+body, Options{})
		s := ""
		for _, r := range g.rows {
			s += map[bool]string{true: "1", false: "0"}[r.OK]
		}
		if g.err != nil || s != strings.ReplaceAll(want, " ", "") {
			t.Errorf("%q: %s, want %s: %v", text, s, want, g.err)
		}
	}
	g := readText(t, "f.csv", "latency_ms,status\n3,done\n4,cached\n", Options{})
	if why := g.info.WhyEmpty(); !strings.Contains(why, "status is “cached” in 1 row") || !strings.Contains(why, "--status-column none") {
		t.Error(why)
	}
	if g = readText(t, "f.csv", "latency_ms,status\n3,done\n", Options{Columns: map[string]string{"status": "none"}}); !g.rows[0].OK {
		t.Error("the column was not left alone")
	}
}

func TestUnknownColumnsAreErrors(t *testing.T) {
	vegeta := `{"attack":"a","code":200,"timestamp":"2026-11-28T10:00:00Z","latency":4000000,"error":"","method":"GET","url":"u"}`
	for _, c := range []struct {
		name, text, want string
		o                Options
	}{
		{"v.ndjson", vegeta, "did you mean “code”", Options{Where: []Filter{{Column: "cod", Value: "200"}}}},
		{"v.ndjson", vegeta, "there is no column “nonsense” to break down by", Options{By: "nonsense"}},
		{"v.ndjson", vegeta, "for label", Options{Columns: map[string]string{"label": "atack"}}},
		{"f.csv", "backend,latency_ms\na,1\n", "did you mean “backend”", Options{By: "Backends"}},
		{"f.csv", "backend,latency_ms\na,1\n", "no column “x”", Options{Where: []Filter{{Column: "x"}}}},
		{"h.json", `{"results":[{"command":"run","times":[0.01]}]}`, "no column", Options{By: "threads"}},
		{"p.csv", "m,0.1,1,1,0\n", "no column", Options{By: "provider"}},
		{"w.txt", "Running 1s test @ http://x/\n    Latency     2.00ms    1.00ms  10.00ms   85%\n", "no column", Options{By: "provider"}},
	} {
		g := readText(t, c.name, c.text, c.o)
		if _, ok := errorAs[ColumnError](g.err); !ok || !strings.Contains(g.err.Error(), c.want) {
			t.Errorf("%s: %v; want …%s…", c.name, g.err, c.want)
		}
	}
	g := readText(t, "v.ndjson", vegeta, Options{Where: []Filter{{Column: "code", Value: "200"}}, By: "method"})
	if g.err != nil || len(g.rows) != 1 || g.rows[0].By != "GET" {
		t.Error(g.rows, g.err)
	}
}

// TestColumnsAreNamedInOneOrder: the same file gives the same sentence, each time.
func TestColumnsAreNamedInOneOrder(t *testing.T) {
	for name, c := range map[string]struct {
		text, want string
		o          Options
	}{
		"run_1.json": {`{"e":1,"c":2,"a":3,"d":4,"b":5,"latencies_ms":[1]}`, "Columns are a, b, backend, c, d, dtype, e, lane, mode, model, quantization, scenario, status, ", Options{By: "?"}},
		"h.json":     {`{"results":[{"command":"run","times":[0.01],"parameters":{"d":"1","b":"2","a":"3","c":"4"}}]}`, "Columns are a, b, c, d, label", Options{By: "?"}},
		"s.json":     {`{"mean_ttft_ms":1,"ttfts":[1]}`, "Columns are e2e, itl, itls, tpot, ttft, ttfts", column("?")},
	} {
		for range 20 {
			if g := readText(t, name, c.text, c.o); g.err == nil || !strings.Contains(g.err.Error(), c.want) {
				t.Fatalf("%s: %v; want …%s…", name, g.err, c.want)
			}
		}
	}
}

// TestRefusals name the kind of a file and the cure, and show no raw byte.
func TestRefusals(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "the file is empty",
		"PK\x03\x04abc":                         "zip archive: unpack it",
		"SQLite format 3\x00":                   "SQLite database: export",
		"\x93NUMPY\x01\x00":                     "NumPy array: write it as CSV",
		"BZh91AY&SY\x12\x34":                    "packed with bzip2",
		"ARROW1\x00\x00\x10":                    "an Arrow (Feather) file",
		"MZ\x90\x00\x03\x00":                    "a program",
		"<!doctype HTML><html>":                 "an HTML page",
		"version https://git-lfs.github.com":    "git lfs pull",
		"\x80\x04\x95\x01\x02":                  "a Python pickle",
		"\x00\x01\x02\x03":                      "binary",
		"PAR1\x15\x04\x15":                      "a Parquet file that is cut short or damaged",
		"{\"a\":1,\"b\":2}":                     "a JSON object with a, b",
		"[1,2]":                                 "a JSON list",
		"12.5\n13\n":                            "put one such as latency_ms above them",
		"some words\nand more\n":                "text that begins with “some words”",
		"a,b\n1,2\n":                            "--latency-column",
		"a,latency_ms\n":                        "no row",
		"\nSummary:\n  Total: 1 s\n":            "'hey -o csv'",
		"Running 3s test @ http://127.0.0.1/\n": "wrk keeps no single requests",
		"| Command | Mean [ms] | Relative |\n|:--|--:|--:|\n": "hyperfine --export-json",
		"Result\x01\xff\x83\x00Latency\x01":                   "an older vegeta",
		"\x1b]0;title\x07\x1b[31mred,b\n1,2\n":                "no latency column among ]0;title  [31mred, b",
	} {
		g := readText(t, "f", text, Options{})
		if g.err == nil || !strings.Contains(g.err.Error(), want) {
			t.Errorf("%q: %v; want …%s…", text, g.err, want)
		} else if raw := strings.IndexFunc(g.err.Error(), func(r rune) bool { return r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 }); raw >= 0 {
			t.Errorf("%q: a raw byte in %q", text, g.err)
		}
	}
}

// TestTablesThatBeginLikeOtherKinds: the first letters of a table's header make it
// no program and no archive.
func TestTablesThatBeginLikeOtherKinds(t *testing.T) {
	for _, first := range []string{"mz", "MZ", "bzhost", "arrow1"} {
		if g := readText(t, "f.csv", first+",latency_ms\n7,1.5\n", Options{}); g.err != nil || len(g.rows) != 1 {
			t.Errorf("%s: %v, %v", first, g.rows, g.err)
		}
	}
}

// TestTextsAreSafeToPrint: escape sequences of a file never reach a row.
func TestTextsAreSafeToPrint(t *testing.T) {
	esc := "\x1b]0;title\x07\x1b[31mred"
	for name, text := range map[string]string{
		"l.csv":  "backend,scenario,latency_ms\n" + esc + "," + esc + ",1.5\n",
		"h.json": `{"results":[{"command":"\u001b]0;t\u0007\u009b31m\u202ex","times":[1]}]}`,
		"r.json": `{"latencies_ms":[1],"backend":"\u001b[2J","model":"\u001b[2J"}`,
	} {
		g := readText(t, name, text, Options{})
		if g.err != nil || len(g.rows) != 1 {
			t.Fatal(name, g.err)
		}
		r := g.rows[0]
		for _, s := range []string{r.Label, r.Scenario, r.Model, r.Run, g.notes} {
			if s != rows.Clean(s) || strings.ContainsAny(s, "\x1b\a\u009b\u202e") {
				t.Errorf("%s: %q", name, s)
			}
		}
	}
}

func TestTablesOfOtherShapes(t *testing.T) {
	for name, text := range map[string]string{
		"semicolon": "backend;latency_ms\na;1,5\n",
		"tab":       "backend\tlatency_ms\na\t1.5\n",
		"pipe":      "backend|latency_ms\na|1.5\n",
		"comment":   "# note\nbackend,latency_ms\n# another\na,1.5\n",
		"excel":     "sep=;\nbackend;latency_ms\na;1,5\n",
		"utf16":     "\xff\xfel\x00a\x00t\x00e\x00n\x00c\x00y\x00_\x00m\x00s\x00\n\x001\x00.\x005\x00\n\x00",
		"bom":       "\xef\xbb\xbflatency_ms\n1.5\n",
		"quoted":    "note,latency_ms\n\"two\nlines, with a comma\",1.5\n",
		"missing":   "note,latency_ms\nx,\ny,1.5\nz,NaN\n",
	} {
		g := readText(t, "f.csv", text, Options{})
		if g.err != nil || len(g.rows) != 1 || g.rows[0].Ns != 1_500_000 {
			t.Errorf("%s: %+v, %v", name, g.rows, g.err)
		}
		if (name == "missing") != strings.Contains(g.notes, "2 lines were left out (line 2 is the first): no latency") {
			t.Errorf("%s: %s", name, g.notes)
		}
	}
}

func errorAs[T error](err error) (v T, ok bool) {
	for err != nil {
		if v, ok = err.(T); ok {
			return v, true
		}
		u, is := err.(interface{ Unwrap() error })
		if !is {
			break
		}
		err = u.Unwrap()
	}
	return v, false
}

// TestFoldersKeepTheirRule: run files come before tables, other files are given
// one by one.
func TestFoldersKeepTheirRule(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "oha.csv"), "x")
	if _, err := Read(dir, Options{}, func(*Row) error { return nil }); err == nil || !strings.Contains(err.Error(), "one by one") {
		t.Fatal(err)
	}
	must.Get(os.Stat(dir))(t)
}

// TestExportsAreNoFurtherRequests: beside the whole session an export of it is left
// out, and said; where the session is not whole, the export is what there is.
func TestExportsAreNoFurtherRequests(t *testing.T) {
	for whole, want := range map[bool]int{true: 2, false: 4} {
		dir := t.TempDir()
		for _, s := range []string{"20261129_100000", "20261129_100000_e1"} {
			write(t, filepath.Join(dir, s, "prefill", "metrics.csv"), "lane,latency_ms\neager,1\noptimized,2\n")
			write(t, filepath.Join(dir, s, "manifest.json"), "{}")
			if whole {
				write(t, filepath.Join(dir, s, "samples.parquet"), "PAR1")
			}
		}
		n := 0
		info, err := Read(dir, Options{}, func(*Row) error { n++; return nil })
		if said := strings.Contains(strings.Join(info.Notes, ""), "left out: 20261129_100000_e1."); err != nil || n != want || said != whole {
			t.Errorf("whole %v: %d rows, %v, notes %q", whole, n, err, info.Notes)
		}
	}
}

// TestTablesElsewhereAreOtherMeasurements: run files say again what a table above them
// says, and nothing of a table in another folder.
func TestTablesElsewhereAreOtherMeasurements(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a", "prefill", "runs", "s", "gpu", "fp32", "run_1.json"), `{"backend":"gpu","latencies_ms":[1,2]}`)
	write(t, filepath.Join(dir, "a", "prefill", "metrics.csv"), "lane,latency_ms\ngpu,1\ngpu,2\n")
	write(t, filepath.Join(dir, "b", "metrics.csv"), "lane,latency_ms\ncpu,7\n")
	write(t, filepath.Join(dir, "metrics.csv"), "lane,latency_ms\ngpu,1\n")
	n := map[string]int{}
	info, err := Read(dir, Options{}, func(r *Row) error { n[r.Label]++; return nil })
	if err != nil || n["gpu"] != 2 || n["cpu"] != 1 || len(info.Notes) != 1 || !strings.HasSuffix(info.Notes[0], "left out: "+filepath.Join("a", "prefill", "metrics.csv")+", metrics.csv.") {
		t.Errorf("%v, %v, notes %q", n, err, info.Notes)
	}
}

// TestUnfinishedSessionsInATree are left out, and said.
func TestUnfinishedSessionsInATree(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a", "metrics.csv"), "lane,latency_ms\ngpu,1\n")
	write(t, filepath.Join(dir, "b", "manifest.json"), "{}")
	write(t, filepath.Join(dir, "b", "journal", "segment.tsj"), "x")
	info, err := Read(dir, Options{}, func(*Row) error { return nil })
	if err != nil || len(info.Notes) != 1 || !strings.Contains(info.Notes[0], "left out: b.") {
		t.Errorf("%v, notes %q", err, info.Notes)
	}
}

// TestRowsWithoutALatency are counted as that, and never as filtered.
func TestRowsWithoutALatency(t *testing.T) {
	g := readText(t, "f.csv", "label,latency_ms\na,1\na,\nb,3\n", Options{Where: []Filter{{Column: "label", Value: "a"}}})
	if g.err != nil || len(g.rows) != 1 || g.info.Rows != 2 || g.info.Filtered != 1 || !strings.Contains(g.notes, "1 line was left out (line 3): no latency") {
		t.Errorf("%v, %d rows, %d of %d filtered, notes %q", g.err, len(g.rows), g.info.Filtered, g.info.Rows, g.notes)
	}
}

// TestBlanksAroundValues: a comma and a blank separate as a comma does, in every unit.
func TestBlanksAroundValues(t *testing.T) {
	for _, text := range []string{"label, latency_ms\na, 1.5\n", "latency_ms ,label\n1.5 ,a\n", "label, latency_us\na, 1500\n", "label, latency_ms\na, 1.5 ms\n"} {
		if g := readText(t, "f.csv", text, Options{}); g.err != nil || len(g.rows) != 1 || g.rows[0].Ns != 1.5e6 || g.rows[0].Label != "a" {
			t.Errorf("%q: %v, %v", text, g.rows, g.err)
		}
	}
}

// TestNumbersThatJSONDoesNotKnow: Python and C++ write NaN and Infinity.
func TestNumbersThatJSONDoesNotKnow(t *testing.T) {
	for _, nan := range []string{"NaN", "Infinity", "-Infinity", "nan", "-inf"} {
		for _, sep := range []string{"", "\n"} {
			g := readText(t, "h.json", `{`+sep+`"results":[{"command":"NaN, not inf","times":[0.01,`+nan+`,0.02]}]}`, Options{})
			if g.err != nil || len(g.rows) != 2 || !strings.Contains(g.notes, "1 line was left out") {
				t.Errorf("%q %s: %v %v", sep, nan, g.rows, g.err)
			}
			if len(g.rows) > 0 && g.rows[0].Label != "NaN, not inf" {
				t.Error(g.rows[0].Label)
			}
		}
	}
}

func TestTracesOfOtherShapes(t *testing.T) {
	for name, text := range map[string]string{
		"not closed": `[{"ph":"X","name":"a","ts":1,"dur":2000},` + "\n" + `{"ph":"X","name":"a","ts":5,"dur":3000},` + "\n",
		"pairs":      `{"traceEvents":[{"ph":"B","name":"a","ts":1000,"pid":1,"tid":1},{"ph":"B","name":"b","ts":1500,"pid":1,"tid":2},{"ph":"E","ts":3000,"pid":1,"tid":1},{"ph":"X","name":"a","ts":9000,"dur":3000,"pid":1,"tid":1}]}`,
		"filtered":   `{"traceEvents":[{"ph":"X","name":"ProfilerStep#1","ts":1,"dur":1},{"ph":"X","name":"a","cat":"k","ts":1,"dur":2000},{"ph":"X","name":"a","cat":"k","ts":2,"dur":3000}]}`,
	} {
		o := Options{}
		if name == "filtered" {
			o.Where = []Filter{{Column: "cat", Value: "k"}}
		}
		g := readText(t, "t.json", text, o)
		if g.err != nil || len(g.rows) != 2 || g.rows[0].Ns != 2e6 || g.rows[1].Ns != 3e6 || g.rows[0].Label != "a" {
			t.Errorf("%s: %+v %v", name, g.rows, g.err)
		}
	}
}

func TestValuesWithTheirUnit(t *testing.T) {
	g := readText(t, "f.csv", "latency_ms\n12ms\n0.012 s\n12000us\n12\n", Options{})
	if g.err != nil || len(g.rows) != 4 {
		t.Fatal(g.rows, g.err)
	}
	for _, r := range g.rows {
		if r.Ns != 12e6 {
			t.Error(r.Ns)
		}
	}
}

func TestStatisticsAsSamplesAreDoubted(t *testing.T) {
	for name, want := range map[string]bool{"mean_ms": true, "p99_ms": true, "median (s)": true, "latency_ms": false, "maximum_ms": false} {
		g := readText(t, "f.csv", "x,"+name+"\na,1\n", column(name))
		if g.err != nil || strings.Contains(g.notes, "sounds like a statistic") != want {
			t.Errorf("%s: %s %v", name, g.notes, g.err)
		}
	}
}

// TestOtherMetricsAreNamed: a k6 file without requests says what it has.
func TestOtherMetricsAreNamed(t *testing.T) {
	point := `{"metric":"grpc_req_duration","type":"Point","data":{"time":"2026-11-28T10:00:00Z","value":5.5,"tags":{}}}`
	csv := "metric_name,timestamp,metric_value,status\ngrpc_req_duration,1,5.5,\n"
	for name, text := range map[string]string{"k.ndjson": point, "k.csv": csv} {
		g := readText(t, name, text, Options{})
		if g.err == nil || !strings.Contains(g.err.Error(), "--where metric_name=… takes one of grpc_req_duration") {
			t.Error(g.err)
		}
		g = readText(t, name, text, Options{Where: []Filter{{Column: "metric_name", Value: "grpc_req_duration"}}})
		if g.err != nil || len(g.rows) != 1 || g.rows[0].Ns != 5_500_000 || !g.rows[0].OK {
			t.Error(g.rows, g.err)
		}
		g = readText(t, name, strings.ReplaceAll(text, "grpc_req_duration", "http_reqs"), Options{Where: []Filter{{Column: "metric_name", Value: "http_reqs"}}})
		if g.err == nil || !strings.Contains(g.err.Error(), "no time") {
			t.Error(name, g.rows, g.err)
		}
	}
}

// TestStatisticsAreNoLatencies: a table of what a tool computed (here redis-benchmark's)
// does not ask for one of its columns to be taken for measurements.
func TestStatisticsAreNoLatencies(t *testing.T) {
	g := readText(t, "redis.csv", `"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p99_latency_ms","max_latency_ms"
"SET","11111.11","0.389","0.032","0.095","5.215","10.775"
`, Options{})
	if g.err == nil || !strings.Contains(g.err.Error(), "its columns are statistics that some tool computed (avg_latency_ms, min_latency_ms,") {
		t.Error(g.err)
	}
}
