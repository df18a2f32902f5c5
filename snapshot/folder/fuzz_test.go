package folder

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
)

// maxFuzzBytes bounds what reading one small damaged file may allocate.
const maxFuzzBytes = 1 << 30

// bounded runs f and checks how much it allocated.
func bounded(t *testing.T, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > maxFuzzBytes {
		t.Fatalf("%d bytes were allocated", n)
	}
}

// fuzzFolder is a small finished folder.
func fuzzFolder(f *testing.F) (dir string) {
	w, dir := create(f)
	made.Fill(f, w, 12, stats.KVDecode)
	must.OK(f, w.Finish(testEnd))
	return dir
}

// FuzzFolder replaces one file of a session folder and reads the folder in all
// the ways there are: nothing panics, memory is bounded, and what is read is
// either whole or an error.
func FuzzFolder(f *testing.F) {
	dir := fuzzFolder(f)
	names := []string{SamplesName, "kv_decode/" + StepsName, ManifestName, EventsName, TelemetryName, EvidenceName,
		"kv_decode/compiler_counters.json", ConfigName}
	good := map[string][]byte{}
	m := must.Get(ReadManifest(dir))(f)
	for _, n := range append(m.Files, ManifestName) {
		b := must.Get(os.ReadFile(filepath.Join(dir, filepath.FromSlash(n))))(f)
		good[n] = b
	}
	for i, n := range names {
		f.Add(uint8(i), good[n])
		f.Add(uint8(i), good[n][:len(good[n])/2])
		f.Add(uint8(i), []byte{})
	}
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		name := names[int(which)%len(names)]
		dir := filepath.Join(t.TempDir(), "20260102_030405")
		for _, n := range names {
			content := good[n]
			if n == name {
				content = b
			}
			path := filepath.Join(dir, filepath.FromSlash(n))
			must.OK(t, errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, content, 0o600)))
		}
		bounded(t, func() {
			s, err := Open(dir)
			if err != nil {
				return
			}
			_, _ = s.Config()
			m := *s.Manifest
			c, err := collect(s.src, &m, nil)
			if err != nil {
				return
			}
			_, _ = c.labels.Finish()
			for i, n := range c.modeRows {
				if n > 0 {
					c.summary(stats.Mode(i))
				}
			}
		})
	})
}

// FuzzRecover recovers a folder whose journal holds a frame with a valid
// checksum around any payload, and a tail of anything. What was recovered can
// be read again, to the sample.
func FuzzRecover(f *testing.F) {
	w, dir := create(f)
	made.Fill(f, w, 4, stats.KVDecode)
	must.OK(f, w.Flush())
	b := must.Get(os.ReadFile(filepath.Join(dir, journalDir, "000001.tsj")))(f)
	const head = 8 + 24 // the journal's magic and the frame's header
	payload := b[head:]
	f.Add(payload, uint32(8), []byte{})
	f.Add(payload[:len(payload)/2], uint32(8), payload[:30])
	f.Add([]byte{'S', 0, 0, 0, 0, 0}, uint32(1), []byte("TSF1"))
	f.Fuzz(func(t *testing.T, payload []byte, samples uint32, tail []byte) {
		dir := filepath.Join(t.TempDir(), "20260102_030405")
		must.OK(t, os.MkdirAll(filepath.Join(dir, journalDir), 0o755))
		file := append(append([]byte("TSJRNL1\n"), journal.Frame(payload, samples)...), tail...)
		m := testManifest(dir)
		at := must.Get(door.Open(dir))(t)
		defer at.Close()
		must.OK(t, errors.Join(at.WriteJSON(ManifestName, &m), os.WriteFile(filepath.Join(dir, journalDir, "000001.tsj"), file, 0o600)))
		bounded(t, func() { recoverRows(t, at, m) })
	})
}

// recoverRows does what Recover does up to the pictures, which take long.
func recoverRows(t *testing.T, dir *door.Dir, m Manifest) {
	jdir := must.Get(dir.Sub(journalDir))(t)
	src := must.Get(journal.Open(jdir))(t)
	defer src.Close()
	m.State = StateRecovered
	c, err := firstPass(dir, src, &m)
	if err != nil {
		t.Fatal("the frames are sound, and what is not is skipped: ", err)
	}
	m.lost(c)
	must.OK(t, writeRows(dir, src, &m, c))
	must.OK(t, c.conclude(&m))
	must.OK(t, dir.WriteJSON(ManifestName, &m))
	n := uint64(0)
	s := must.Get(Open(dir.Path()))(t)
	if _, err := s.Records(func(r *journal.Record) error {
		if r.Kind == journal.KindSample {
			n++
		}
		return nil
	}); err != nil || n != m.Lost.Recovered {
		t.Fatalf("%d samples can be read of %d recovered: %v", n, m.Lost.Recovered, err)
	}
}
