//go:build unix

package snapshot

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// TestLinksLeadNowhere plants a link to a victim at every name that recovering
// and reporting write, at the names that earlier versions wrote first, and at
// every folder: the victim stays as it is.
func TestLinksLeadNowhere(t *testing.T) {
	golden := filepath.Join("testdata", "golden", "killed")
	plain := filepath.Join(t.TempDir(), "plain")
	must.OK(t, os.CopyFS(plain, os.DirFS(golden)))
	m := must.Get(Recover(plain, ""))(t)
	names, folders := []string{"manifest.json", "journal/lock", "journal/accepted"}, map[string]bool{"journal": true}
	for _, f := range m.Files {
		names = append(names, f)
		for d := filepath.Dir(f); d != "."; d = filepath.Dir(d) {
			folders[d] = true
		}
	}
	const secret = "the user's own"
	try := func(target func(victim string) string, names ...string) {
		t.Helper()
		top := t.TempDir()
		dir, victims := filepath.Join(top, "stranger"), filepath.Join(top, "home")
		must.OK(t, os.CopyFS(dir, os.DirFS(golden)))
		must.OK(t, os.Mkdir(victims, 0o755))
		victim := filepath.Join(victims, "bashrc")
		must.OK(t, os.WriteFile(victim, []byte(secret), 0o600))
		for _, at := range names {
			path := filepath.Join(dir, at)
			must.OK(t, os.MkdirAll(filepath.Dir(path), 0o755))
			_ = os.RemoveAll(path) // it may not be there
			must.OK(t, os.Symlink(target(victim), path))
		}
		_, _ = Recover(dir, "") // may refuse
		_ = Report(dir)         // may refuse
		if b, err := os.ReadFile(victim); err != nil || string(b) != secret {
			t.Errorf("links at %s: the victim holds %q, %v", names, b, err)
		}
		if list, err := os.ReadDir(victims); err != nil || len(list) != 1 {
			t.Errorf("links at %s: files were made beside the victim: %v %v", names, list, err)
		}
	}
	file := func(victim string) string { return victim }
	try(file, slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == "manifest.json" || n == "config.yaml" })...)
	try(file, "manifest.json")
	try(file, "config.yaml")
	beside := func(victim string) string { return victim + ".new" } // a link to nothing makes no file
	try(beside, slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == "manifest.json" || n == "config.yaml" })...)
	var before []string
	for _, n := range names {
		before = append(before, n+".tmp")
	}
	try(file, before...)
	for d := range folders {
		try(filepath.Dir, d)
		if !strings.Contains(d, "/") {
			try(func(string) string { return ".." }, d)
			try(func(string) string { return "../../home" }, d)
		}
	}
}

// TestOnlyFilesAreRead: a pipe or a folder in the place of a file is an error,
// and not waited for.
func TestOnlyFilesAreRead(t *testing.T) {
	for _, name := range []string{"manifest.json", "samples.parquet", "events.jsonl", "telemetry.csv", "compiler_evidence.json"} {
		dir := filepath.Join(t.TempDir(), "s")
		must.OK(t, os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "golden", "finished"))))
		path := filepath.Join(dir, name)
		must.OK(t, os.Remove(path))
		pipe(t, path)
		s, err := Open(dir)
		if err == nil {
			_, err = s.Collect()
		}
		if err == nil {
			t.Errorf("%s is a pipe, and that went well", name)
		}
	}
}
