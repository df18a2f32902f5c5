package rows_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

const dir = "../testdata"

// refused are the files of testdata that are refused, with words of the
// sentence.
var refused = map[string]string{
	"autocannon.txt":           "autocannon --json",
	"hyperfine.md":             "hyperfine --export-json",
	"locust_failures.csv":      "_stats.csv",
	"locust_stats_history.csv": "_stats.csv",
	"jmh_thrpt.json":           "",
	"nolatency.parquet":        "a Parquet file without a latency column: it has backend",
}

// TestEveryFileIsOfOneFormat: formats exclude each other, so their order says
// nothing, and no file lies about unnoticed.
func TestEveryFileIsOfOneFormat(t *testing.T) {
	b := must.Get(os.ReadFile(filepath.Join(dir, "want.json")))(t)
	var want map[string]any
	must.OK(t, json.Unmarshal(b, &want))
	seen := map[string]bool{}
	must.OK(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".py") || filepath.Base(path) == "want.json" || strings.Contains(path, "fuzz") {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		claims := claimsOf(t, path)
		if len(claims) > 1 {
			t.Errorf("%s is claimed by %v", rel, claims)
		}
		for _, c := range claims {
			seen[c] = true
		}
		if _, ok := want[rel]; !ok {
			words, ok := refused[rel]
			if !ok {
				t.Errorf("%s is neither read nor refused", rel)
			}
			_, err := foreign.Read(path, foreign.Options{}, func(*foreign.Row) error { return nil })
			if words != "" && (err == nil || !strings.Contains(err.Error(), words)) {
				t.Errorf("%s: %v; want …%s…", rel, err, words)
			}
		}
		return nil
	}))
	for _, f := range rows.Formats() {
		if !seen[f.Name] && !slices.Contains([]string{"HdrHistogram log"}, f.Name) {
			t.Errorf("no file of %s in testdata", f.Name)
		}
	}
}

// claimsOf are the formats that a file's beginning fits.
func claimsOf(t *testing.T, path string) (out []string) {
	text := must.Get(rows.Open(path))(t)
	defer text.Close()
	for _, f := range rows.Formats() {
		if rows.Claims(f, text.Head) {
			out = append(out, f.Name)
		}
	}
	return out
}
