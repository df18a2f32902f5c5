package snapshot

import (
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/plain"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/snapshot/compare"
	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/snapshot/labels"
	"github.com/tailscope/tailscope/snapshot/report"
	"github.com/tailscope/tailscope/stats"
)

// evil is a name with a title, colours in both ways of writing them, a turn of
// direction, markup and what is no text.
const evil = "=cmd\x1b]0;owned\a\x1b[31m\u009b1m\u202e<script>alert(1)</script>&\"|`*\x00\xff"

// harmless holds every file below dir against what it may do to a reader.
func harmless(t *testing.T, dir string) {
	t.Helper()
	seen := map[string]int{}
	must.OK(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text, ext := string(b), filepath.Ext(path)
		seen[ext]++
		if ext == ".parquet" || ext == ".png" {
			return nil
		}
		if !utf8.ValidString(text) || plain.Text(text) != text {
			t.Errorf("%s holds what a terminal obeys", path)
		}
		switch ext {
		case ".html":
			if strings.Contains(strings.ToLower(text), "<script>alert") {
				t.Errorf("%s holds the name as markup", path)
			}
		case ".svg":
			for x := xml.NewDecoder(strings.NewReader(text)); err == nil; {
				_, err = x.Token()
			}
			if !errors.Is(err, io.EOF) {
				t.Errorf("%s is not well-formed: %v", path, err)
			}
		case ".csv":
			rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
			if err != nil {
				t.Errorf("%s: %v", path, err)
			}
			for _, row := range rows {
				for _, cell := range row {
					if plain.Cell(cell) != cell && plain.Uncell(cell) == cell {
						t.Errorf("%s: %q is a formula", path, cell)
					}
				}
			}
		}
		return nil
	}))
	for _, ext := range []string{".csv", ".html", ".md", ".svg", ".json"} {
		if seen[ext] == 0 {
			t.Errorf("no file %s was looked at", ext)
		}
	}
}

// TestEscapesDieInFolders: names, reasons and messages from strangers do
// nothing in any file of a session folder.
func TestEscapesDieInFolders(t *testing.T) {
	w, dir := create(t)
	must := func(err error) {
		t.Helper()
		must.OK(t, err)
	}
	must(w.Loaded(protocol.Loaded{T: "loaded", Provider: evil, Device: evil, Boundary: evil, Notes: []string{evil}, Versions: map[string]string{evil: evil},
		Model: protocol.Model{Name: evil, DType: evil}, Backends: map[string]string{"eager": evil, "optimized": evil + "o"},
		Refusals: []protocol.Refusal{{Provider: evil, Reason: evil}}}))
	ts := made.New(1)
	for r := range uint64(60) {
		for lane := range stats.Lane(stats.NumLanes) {
			s := ts.Sample(r, lane, stats.Prefill)
			s.Scenario, s.Backend, s.Shape, s.Strategy = evil, evil, evil, evil
			if s.Failed = r == 30; s.Failed {
				must(w.Event(&stats.Event{TNs: s.StartNs, Kind: stats.KindError, Lane: lane.String(), Mode: "prefill", Request: &r, Reason: evil}))
			}
			must(w.Sample(s, nil, nil))
		}
	}
	must(w.Event(&stats.Event{TNs: ts.Now, Kind: stats.KindMark, Reason: evil, Extra: map[string]any{evil: evil}}))
	must(w.Evidence(protocol.Evidence{T: "evidence", Lane: "optimized", Mode: "prefill", BackendRequested: evil, BackendActual: evil}))
	end := testEnd
	end.Reason, end.Err = evil, errors.New(evil)
	must(w.Finish(end))
	harmless(t, dir)
	_, got := openSamplesOf(t, dir)
	if got[0].Scenario != strings.ToValidUTF8(evil, "\ufffd") && got[0].Scenario != evil {
		t.Errorf("samples.parquet has the name %q", got[0].Scenario)
	}
}

// TestEscapesDieInAnalyses: so it is in the files that analyze writes.
func TestEscapesDieInAnalyses(t *testing.T) {
	in, evil := filepath.Join(t.TempDir(), "evil.csv"), strings.ReplaceAll(evil, "\x00", "") // a table with NUL is none
	var b strings.Builder
	c := csv.NewWriter(&b)
	rows := [][]string{{"backend", "scenario", "latency_ms"}}
	for i := range 40 {
		rows = append(rows, []string{evil + string(rune('a'+i%2)), evil, "1." + string(rune('0'+i%10))})
	}
	must.OK(t, c.WriteAll(rows))
	must.OK(t, os.WriteFile(in, []byte(b.String()), 0o600))
	r := must.Get(compare.Analyze([]string{in}, foreign.Options{}, labels.Options{Source: evil}))(t)
	out := t.TempDir()
	must.OK(t, report.WriteLabels(out, r))
	harmless(t, out)
}
