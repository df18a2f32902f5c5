package snapshot

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/folder"
)

// TestStrangeJournals: what a stranger or a repair made of the journal of a
// killed session. No sample is invented or counted twice, and nothing is called
// finished that is not.
func TestStrangeJournals(t *testing.T) {
	at := func(dir, name string) string { return filepath.Join(dir, "journal", name) }
	read := func(path string) []byte {
		return must.Get(os.ReadFile(path))(t)
	}
	write := func(path string, b []byte) {
		must.OK(t, os.WriteFile(path, b, 0o600))
	}
	const whole, rotated = 1438, 300 // samples of the two sessions
	copied := func(from, to string) func(dir string) {
		return func(dir string) {
			for _, end := range []string{".parquet", ".kv_decode.parquet", ".rest"} {
				write(at(dir, to+end), read(at(dir, from+end)))
			}
		}
	}
	for name, c := range map[string]struct {
		change  func(dir string)
		samples uint64
		says    string
	}{
		"rotated: a copy at the end":             {copied("000002", "000007"), rotated, "could not be read"},
		"rotated: a copy of the first before it": {copied("000003", "000000"), rotated, "Nothing was lost"}, // a number that no session gives
		"rotated: a copy over another":           {copied("000001", "000004"), rotated - 60, "60 samples were lost"},
		"rotated: events emptied":                {func(dir string) { write(at(dir, "000002.rest"), nil) }, rotated, "could not be read"},
		"rotated: frames of another session": {func(dir string) {
			write(at(dir, "000007.tsj"), read(filepath.Join("testdata", "golden", "killed", "journal", "000001.tsj")))
		}, rotated, "could not be read"},
		"as it was":         {func(string) {}, whole, "Nothing was lost"},
		"frames repeated":   {func(dir string) { p := at(dir, "000001.tsj"); b := read(p); write(p, append(b, b...)) }, whole, "could not be read"},
		"segment twice":     {func(dir string) { write(at(dir, "000002.tsj"), read(at(dir, "000001.tsj"))) }, whole, "could not be read"},
		"counter of noise":  {func(dir string) { write(at(dir, "accepted"), []byte("\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8")) }, whole, "the count of samples taken in is gone"},
		"counter empty":     {func(dir string) { write(at(dir, "accepted"), nil) }, whole, "the count of samples taken in is gone"},
		"name of zeros":     {func(dir string) { _ = os.Rename(at(dir, "000001.tsj"), at(dir, "0000000000000001.tsj")) }, 0, "1438 samples were lost"},
		"manifest an array": {func(dir string) { write(filepath.Join(dir, "manifest.json"), []byte("[]")) }, whole, "Nothing was lost"},
		"journal gone":      {func(dir string) { _ = os.RemoveAll(filepath.Join(dir, "journal")) }, 0, "its journal is gone"},
		"a folder for a segment": {func(dir string) {
			_ = os.Remove(at(dir, "000001.tsj"))
			_ = os.Mkdir(at(dir, "000001.tsj"), 0o755)
		}, 0, "no regular file"},
		"a huge hole": {func(dir string) { _ = os.Truncate(at(dir, "000001.tsj"), 1<<40) }, 0, "free some"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "s")
			golden, _, ok := strings.Cut(name, ":")
			if !ok {
				golden = "killed"
			}
			must.OK(t, os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "golden", golden))))
			c.change(dir)
			m, err := Recover(dir, "")
			var said string
			if err != nil {
				said = err.Error()
			} else {
				said = m.Lost.Sentence
			}
			if !strings.Contains(said, c.says) || errors.Is(err, folder.ErrNothingToRecover) {
				t.Errorf("it says %q, want %q", said, c.says)
			}
			if err == nil && m.Counts.Samples != c.samples {
				t.Errorf("%d samples, want %d", m.Counts.Samples, c.samples)
			}
		})
	}
}
