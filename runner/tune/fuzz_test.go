package tune

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/stats/race"
)

// FuzzJournal goes on from a race.jsonl of anybody: the race is told what it can
// be told, and what is cut off is written over.
func FuzzJournal(f *testing.F) {
	f.Add([]byte("{\"race\":\"prefill\",\"candidates\":[\"a\",\"b\"]}\n{\"race\":\"prefill\",\"block\":[{\"c\":0,\"ns\":5},{\"c\":1,\"ns\":9}]}\n{\"race\":\"prefill\",\"drop\":1}\n{\"ra"))
	f.Add([]byte("{\"race\":\"prefill\",\"candidates\":[\"a\",\"b\"]}\n{\"race\":\"prefill\",\"drop\":0}\n{\"race\":\"prefill\",\"drop\":0}\n{\"race\":\"prefill\",\"drop\":1}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		must.OK(t, os.WriteFile(filepath.Join(dir, journalFile), b, 0o600))
		j, err := openJournal(dir)
		if err != nil {
			return
		}
		defer j.f.Close()
		r := race.New([]race.Candidate{{Name: "a"}, {Name: "b"}}, race.Options{Objective: race.P50, Horizon: 8, Seed: 1})
		if err := j.replay("prefill", []string{"a", "b"}, r); err == nil {
			r.Ask()
		}
	})
}
