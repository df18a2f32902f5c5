package ort

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// corpusDir is where Debian's libonnx-testdata has ONNX's own test models.
const corpusDir = "/usr/share/libonnx-testdata/data"

// What must come out of the corpus at the least, with ONNX Runtime 1.30. A
// number that rises is raised here; docs/models.md has them.
const (
	corpusModels = 1072
	corpusRun    = 970 // run in both lanes, outputs as recorded
	corpusWrong  = 14  // outputs differ from the recorded ones, at most: random operators, and Resize and MaxUnpool where the runtime differs from ONNX
)

// TestCorpus inspects ONNX's own test models and runs them in both lanes on
// their recorded inputs, outputs against the recorded ones. A model may end
// the process: a child runs them, and another goes on behind the one that did.
func TestCorpus(t *testing.T) {
	models, err := filepath.Glob(filepath.Join(corpusDir, "*", "*", "model.onnx"))
	if err != nil || len(models) == 0 {
		demand.Lacks(t, demand.Corpus, "no ONNX test models: install libonnx-testdata")
	}
	slices.Sort(models)
	if at := os.Getenv("TAILSCOPE_CORPUS_FROM"); at != "" {
		corpusChild(t, models, at)
		return
	}
	demand.Time(t)
	testLibrary(t)
	found := map[string]string{}
	for from := 0; from < len(models); {
		n := corpusRunFrom(t, models, from, found)
		if n == 0 {
			t.Fatalf("the child that begins with %s told nothing", models[from])
		}
		from += n
	}
	counts := map[string]int{}
	why := map[string][]string{}
	for name, what := range found {
		kind, reason, _ := strings.Cut(what, ": ")
		counts[kind]++
		why[kind] = append(why[kind], name+": "+reason)
	}
	for _, kind := range slices.Sorted(maps.Keys(why)) {
		if kind == "runs" {
			continue
		}
		slices.Sort(why[kind])
		t.Logf("%s:\n\t%s", kind, strings.Join(why[kind], "\n\t"))
	}
	t.Logf("%d models: %v", len(found), counts)
	if len(found) != corpusModels || counts["runs"] < corpusRun || counts["wrong"] > corpusWrong || counts["crash"] > 0 {
		t.Errorf("%d models of %d, %d run (at least %d), %d wrong (at most %d), %d crash", len(found), corpusModels, counts["runs"], corpusRun, counts["wrong"], corpusWrong, counts["crash"])
	}
}

// corpusRunFrom runs a child from a model on and returns how many it took.
func corpusRunFrom(t *testing.T, models []string, from int, found map[string]string) int {
	cmd := exec.Command(os.Args[0], "-test.run=^TestCorpus$", "-test.v")
	cmd.Env = append(os.Environ(), fmt.Sprintf("TAILSCOPE_CORPUS_FROM=%d", from))
	out, err := cmd.StdoutPipe()
	must.OK(t, err)
	must.OK(t, cmd.Start())
	n, lines := 0, bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, what, ok := strings.Cut(strings.TrimPrefix(lines.Text(), "corpus\t"), "\t")
		if ok && strings.HasPrefix(lines.Text(), "corpus\t") {
			found[name] = what
			n++
		}
	}
	err = cmd.Wait()
	if left := len(models) - from; err != nil && n < left {
		found[corpusName(models[from+n])] = "crash: " + err.Error()
		n++
	}
	return n
}

func corpusName(path string) string {
	dir := filepath.Dir(path)
	return filepath.Base(filepath.Dir(dir)) + "/" + filepath.Base(dir)
}

// corpusChild runs the models from one on and prints a line for each.
func corpusChild(t *testing.T, models []string, at string) {
	var from int
	fmt.Sscan(at, &from)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for _, path := range models[from:] {
		what := "told nothing"
		t.Run(corpusName(path), func(t *testing.T) { what = corpusModel(t, path) })
		fmt.Printf("corpus\t%s\t%s\n", corpusName(path), strings.ReplaceAll(native.OneLine(fmt.Errorf("%s", what)), "\t", " "))
	}
}

// corpusModel says what becomes of one model.
func corpusModel(t *testing.T, path string) string {
	if _, err := onnxmodel.Inspect(path); err != nil {
		return "refused: " + err.Error()
	}
	k := startWorker(t)
	k.send(&protocol.Load{Model: path, Name: "corpus", Provider: "cpu", Threads: 1, RecompileLimit: 8, Compile: "inline", Check: 1, Recorded: filepath.Dir(path)})
	var loaded *protocol.Loaded
	for loaded == nil {
		switch m := (<-k.got).(type) {
		case *protocol.Loaded:
			loaded = m
		case *protocol.Error:
			return "refused: " + m.Message
		case nil:
			return "refused: the worker ended without a word"
		}
	}
	n := 0
	for i, sizes := range loaded.Model.Recorded {
		for range 2 {
			k.next++
			n++
			k.send(&protocol.Request{ID: k.next, Mode: "forward", Batch: 1, Tokens: 1, Exec: [2]int{1, 1}, Dims: sizes, Recorded: i + 1,
				Strategy: protocol.Strategy{Prefill: "variable"}, Order: []string{"eager", "optimized"}, Seed: k.next})
		}
	}
	k.drain("optimized", n)
	if f := k.failures(); f != nil {
		return "fails: " + f[0]
	}
	if d := k.events(stats.KindDivergence); d != nil {
		return "wrong: " + d[0].Lane + ": " + d[0].Reason
	}
	return "runs"
}
