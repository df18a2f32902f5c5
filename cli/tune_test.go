//go:build unix

package cli_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
)

// phaseOf is what the strategy of a tuned configuration does in a phase.
func phaseOf(t *testing.T, dir, key string) string {
	t.Helper()
	s := readJSON(t, filepath.Join(dir, "tune.json"))["strategy"].(string)
	for part := range strings.SplitSeq(s, ",") {
		if k, v, ok := strings.Cut(part, "="); ok && k == key {
			return v
		}
	}
	if s == "kv-bucketed" && key == "prefill" {
		return "bucketed"
	}
	return s
}

// TestTuneEndsWithPaddingAndAFixedCache without being told, in a pipe, and its
// configuration runs. On a machine that is busy with other tests there may be no
// time to make what they need: then it goes on once, and says so if that was not
// enough (TestSlowCompilesLeaveTimeForRequests has engines that are slow by themselves).
func TestTuneEndsWithPaddingAndAFixedCache(t *testing.T) {
	out := t.TempDir()
	stdout, stderr, code := run(t, "tune", "--duration", "20s", "--restarts", "1", "--options=false", "--out", out)
	dir := sessionDir(t, out)
	if code == 0 && (!judged(t, dir, "prefill", "padded") || !judged(t, dir, "kv_decode", "kv-bucketed")) {
		stdout, stderr, code = run(t, "tune", "--resume", dir, "--duration", "40s")
	}
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	p, d := phaseOf(t, dir, "prefill"), phaseOf(t, dir, "decode")
	for _, c := range []struct {
		race, fixed string
		ok          bool
	}{{"prefill", "padded", p == "padded" || p == "bucketed" || p == "dynamic"}, {"kv_decode", "kv-bucketed", d == "kv-bucketed"}} {
		was, why := judged(t, dir, c.race, c.fixed), candidateRow(t, dir, c.race, c.fixed)["out"]
		if was && !c.ok || !was && why != "" && !strings.HasPrefix(why, "not judged: ") {
			t.Errorf("%s, judged %t: prefill %s, decode %s:\n%s", c.race, was, p, d, stdout)
		}
	}
	for _, want := range []string{"▸", "variable", "prefill:", "kv_decode:", "Not tried:"} {
		if !strings.Contains(inOneLine(stdout), want) {
			t.Errorf("no %q in what it printed:\n%s", want, stdout)
		}
	}
	if text := inOneLine(stdout); !strings.Contains(text, "restart of e2e_kv: optimized ÷ eager") && !strings.Contains(text, "Not confirmed: ") || strings.Contains(text, "NaN") {
		t.Errorf("of its restart it says nothing, or no figure:\n%s", stdout)
	}
	if !strings.Contains(stderr, "candidates race") {
		t.Errorf("no line of progress:\n%s", stderr)
	}
	checkCandidates(t, dir)
	if _, stderr, code := run(t, "run", "--config", filepath.Join(dir, "tuned.yaml"), "--duration", "1s", "--out", t.TempDir()); code != 0 {
		t.Errorf("the tuned configuration: exit %d: %s", code, stderr)
	}
}

// candidateRow is a candidate's in the table of a tune.
func candidateRow(t *testing.T, dir, race, name string) map[string]string {
	t.Helper()
	for _, r := range readCSV(t, filepath.Join(dir, "candidates.csv")) {
		if r["race"] == race && r["candidate"] == name {
			return r
		}
	}
	t.Fatalf("no %s in the race of %s", name, race)
	return nil
}

// judged reports whether a candidate answered enough requests to be chosen, or is
// out by a test.
func judged(t *testing.T, dir, race, name string) bool {
	t.Helper()
	r := candidateRow(t, dir, race, name)
	n := must.Get(strconv.Atoi(r["n"]))(t)
	return n >= 20 && r["out"] == "" || r["told"] == "true"
}

// inOneLine undoes the breaks of lines between words.
func inOneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// checkCandidates recomputes what each candidate answered, and the medians of
// those that made nothing at all, from the blocks as they were told.
func checkCandidates(t *testing.T, dir string) {
	t.Helper()
	type obs struct {
		C     int     `json:"c"`
		Ns    float64 `json:"ns"`
		First bool    `json:"first"`
		Bad   string  `json:"bad"`
	}
	names, ms := map[string][]string{}, map[string][]float64{}
	b := must.Get(os.ReadFile(filepath.Join(dir, "race.jsonl")))(t)
	counts := map[string]int{}
	for line := range bytes.Lines(b) {
		var e struct {
			Race       string
			Candidates []string
			Block      []obs
		}
		must.OK(t, json.Unmarshal(line, &e))
		if e.Candidates != nil {
			names[e.Race] = e.Candidates
		}
		for _, o := range e.Block {
			key := e.Race + "/" + names[e.Race][o.C]
			counts[key]++
			if !o.First {
				ms[key] = append(ms[key], o.Ns/1e6)
			}
		}
	}
	checked := 0
	for _, r := range readCSV(t, filepath.Join(dir, "candidates.csv")) {
		key := r["race"] + "/" + r["candidate"]
		if r["n"] != strconv.Itoa(counts[key]) {
			t.Errorf("%s: n %s, told %d", key, r["n"], counts[key])
		}
		if r["requests_that_wait"] != "0" || len(ms[key]) == 0 {
			continue
		}
		if got, _ := strconv.ParseFloat(r["p50_ms"], 64); !near(got, percentile(ms[key], 50)) {
			t.Errorf("%s: p50 %s, recomputed %v", key, r["p50_ms"], percentile(ms[key], 50))
		}
		checked++
	}
	if checked < 2 {
		t.Errorf("%d medians were there to check", checked)
	}
}

func near(a, b float64) bool { return a > b*(1-1e-9) && a < b*(1+1e-9) }

// TestTuneStopsWithTheBestSoFarAndGoesOn: q in a terminal, an interrupt in a
// pipe; what was raced before is not raced again.
func TestTuneStopsWithTheBestSoFarAndGoesOn(t *testing.T) {
	out := t.TempDir()
	s := newScreen(t, 140, 30, tailscope(t, "tune", "--duration", "2m", "--mode", "prefill", "--out", out))
	s.until("a race with somebody ahead", time.Minute, func(text string) bool {
		return strings.Contains(text, "▸ ") && strings.Contains(text, "race of prefill by p99")
	})
	raced := func(more int) func() bool { // blocks that are not of executables alone
		return func() bool {
			m, _ := filepath.Glob(filepath.Join(out, "*", "race.jsonl"))
			b, _ := os.ReadFile(strings.Join(m, ""))
			return bytes.Count(b, []byte(`"block"`))-bytes.Count(b, []byte(`"ahead"`)) >= more
		}
	}
	waitFor(t, "enough to choose by", time.Minute, raced(12))
	s.keys("q")
	if err := s.ended(time.Minute); err != nil {
		t.Fatalf("after q: %v", err)
	}
	dir := sessionDir(t, out)
	first := must.Get(os.ReadFile(filepath.Join(dir, "race.jsonl")))(t)
	if doubt := readJSON(t, filepath.Join(dir, "tune.json"))["doubt"]; doubt != "it was stopped before its restarts" || bytes.Count(first, []byte("\n")) < 2 {
		t.Fatalf("doubt %q, raced:\n%s", doubt, first)
	}

	c := tailscope(t, "tune", "--resume", dir)
	c.Stdout = io.Discard
	stderr := must.Get(c.StderrPipe())(t)
	must.OK(t, c.Start())
	lines := readUntil(t, stderr, "candidates race")
	waitFor(t, "another block", 2*time.Minute, raced(bytes.Count(first, []byte(`"block"`))-bytes.Count(first, []byte(`"ahead"`))+1))
	must.OK(t, c.Process.Signal(syscall.SIGINT))
	rest, _ := io.ReadAll(stderr)
	if err := c.Wait(); err != nil {
		t.Fatalf("after an interrupt: %v\n%s%s", err, lines, rest)
	}
	second := must.Get(os.ReadFile(filepath.Join(dir, "race.jsonl")))(t)
	if !bytes.HasPrefix(second, first) || len(second) == len(first) {
		t.Errorf("%d bytes of the race became %d, the first the same: %t", len(first), len(second), bytes.HasPrefix(second, first))
	}
	if got := readJSON(t, filepath.Join(dir, "tune.json"))["races"].([]any)[0].(map[string]any)["blocks"].(float64); int(got) != bytes.Count(second, []byte(`"block"`)) {
		t.Errorf("%v blocks, told %d", got, bytes.Count(second, []byte(`"block"`)))
	}
}

// readUntil reads until a word comes.
func readUntil(t *testing.T, r io.Reader, word string) string {
	t.Helper()
	var got []byte
	buf := make([]byte, 4096)
	for !bytes.Contains(got, []byte(word)) {
		n, err := r.Read(buf)
		got = append(got, buf[:n]...)
		if err != nil {
			t.Fatalf("%v; it said\n%s", err, got)
		}
	}
	return string(got)
}

// TestTuneLeavesOutWhatAnswersWrongly, with PyTorch: compiled, it computes
// something else.
func TestTuneLeavesOutWhatAnswersWrongly(t *testing.T) {
	python := torchPython(t)
	entry := must.Get(filepath.Abs("../runner/torch/testdata/half.py"))(t)
	out := t.TempDir()
	stdout, stderr, code := run(t, "tune", "--engine", "torch", "--python", python, "--torch-entry", entry+":wrong", "--torch-device", "cpu", "--mode", "forward", "--duration", "10m", "--out", out) // it ends by itself
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	for _, r := range readCSV(t, filepath.Join(sessionDir(t, out), "candidates.csv")) {
		if eager := r["candidate"] == "eager"; eager != (r["pick"] == "true") || eager == strings.Contains(r["out"], "outputs differ") {
			t.Errorf("%v", r)
		}
	}
	if !strings.Contains(inOneLine(stdout), "there is nothing to confirm") {
		t.Error(stdout)
	}
}

// TestKeyTEndsTheLiveRunAndTunesIt, with a folder of its own.
func TestKeyTEndsTheLiveRunAndTunesIt(t *testing.T) {
	out := t.TempDir()
	s := newScreen(t, 140, 34, tailscope(t, "--out", out))
	s.until("samples", time.Minute, func(text string) bool { return counted.MatchString(text) })
	s.keys("T")
	s.until("the question", 10*time.Second, func(text string) bool { return strings.Contains(text, "end this run and tune") })
	s.keys("y")
	s.until("the race", time.Minute, func(text string) bool { return strings.Contains(text, "race of prefill by p99") })
	s.keys("q")
	must.OK(t, s.ended(time.Minute))
	found, err := filepath.Glob(filepath.Join(out, "*", "tune.json"))
	sessions, err2 := filepath.Glob(filepath.Join(out, "*", "manifest.json"))
	if err != nil || err2 != nil || len(found) != 1 || len(sessions) != 1 {
		t.Errorf("tunes %v, sessions %v", found, sessions)
	}
}

func TestTuneRefusesWhatCannotBe(t *testing.T) {
	for _, args := range [][]string{{"--minimize", "energy"}, {"--memory", "much"}, {"--horizon", "0"}, {"--resume", t.TempDir()}} {
		_, stderr, code := run(t, append([]string{"tune", "--out", t.TempDir()}, args...)...)
		if code != 2 || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: exit %d: %s", args, code, stderr)
		}
	}
}
