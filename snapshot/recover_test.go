package snapshot

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/tailscope/tailscope/stats"
)

// TestMain lets the test binary be the process that gets killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("TAILSCOPE_TEST_WRITE"); dir != "" {
		writeForEver(dir)
	}
	os.Exit(m.Run())
}

// writeForEver takes samples in, flushes now and then, and says how many it
// took in.
func writeForEver(dir string) {
	w, err := Create(dir, testManifest(dir), []byte("name: test\n"))
	if err != nil {
		panic(err)
	}
	ts := newTestSession(1)
	for r := uint64(0); ; r++ {
		for lane := range stats.Lane(stats.NumLanes) {
			if err := w.Sample(ts.sample(r, lane, stats.Prefill), nil, nil); err != nil {
				panic(err)
			}
			fmt.Println(ts.seq)
		}
		if r%50 == 49 {
			if err := w.Flush(); err != nil {
				panic(err)
			}
		}
		time.Sleep(100 * time.Microsecond)
	}
}

// TestRecoverAfterSIGKILLSaysWhatWasLost kills a writing process and compares
// what Recover says with what the process said it took in.
func TestRecoverAfterSIGKILLSaysWhatWasLost(t *testing.T) {
	_, dir, err := NewRunID(t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "TAILSCOPE_TEST_WRITE="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	for range 500 { // it is under way
		if !said.Scan() {
			t.Fatal("the writing process ended: ", said.Err())
		}
	}
	if _, err := Recover(dir); !errors.Is(err, ErrRunning) {
		t.Errorf("recovering a live session: %v", err)
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	line := said.Text()
	for said.Scan() {
		line = said.Text()
	}
	_ = cmd.Wait() // it was killed
	last, err := strconv.ParseUint(line, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Recover(dir)
	if err != nil {
		t.Fatal(err)
	}
	l := m.Lost
	t.Log(l.Sentence)
	if taken := l.Recovered + l.Samples; !l.Known || taken < last || taken > last+1 {
		t.Errorf("recovered %d, lost %d; the process had said %d", l.Recovered, l.Samples, last)
	}
	if l.Samples > 110 {
		t.Errorf("%d samples lost although every 100 were flushed", l.Samples)
	}
	rows := readCSV(t, filepath.Join(dir, "prefill", "metrics.csv"))
	if uint64(len(rows)) != l.Recovered || m.State != StateRecovered {
		t.Errorf("%d rows, %d recovered, state %s", len(rows), l.Recovered, m.State)
	}
	if _, err := Recover(dir); !errors.Is(err, ErrNothingToRecover) {
		t.Errorf("second recovery: %v", err)
	}
}

// TestAnyCutOfAJournalReads cuts a journal at every length, and flips a byte
// at many places: what is whole is read, and the loss is counted.
func TestAnyCutOfAJournalReads(t *testing.T) {
	w, dir := create(t)
	for i := range 5 {
		fill(t, w, 3+i, stats.KVDecode)
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := os.ReadFile(segment{filepath.Join(dir, journalDir), 1}.frames())
	if err != nil {
		t.Fatal(err)
	}
	count := func(b []byte) (n uint64, d Damage) {
		d, err := eachRecord(bytes.NewReader(b), func(r *Record) error {
			if r.Kind == KindSample {
				n++
			}
			return nil
		})
		if err != nil && len(b) >= len(journalMagic) && bytes.HasPrefix(b, []byte(journalMagic)) {
			t.Fatal(err)
		}
		return n, d
	}
	total, d := count(whole)
	if total != 2*(3+4+5+6+7) || d != (Damage{}) {
		t.Fatal(total, d)
	}
	prev := uint64(0)
	for cut := 0; cut < len(whole); cut += 1 + cut%5 {
		n, d := count(whole[:cut])
		if n < prev || n > total || n < total && d.Torn == false && cut > 8 && d.Bytes != 0 {
			t.Fatalf("cut at %d: %d samples, %+v", cut, n, d)
		}
		prev = n
	}
	for at := len(journalMagic); at < len(whole); at += 11 {
		b := bytes.Clone(whole)
		b[at] ^= 0x40
		if n, d := count(b); n > total || n == total && d.Frames == 0 && d.Bytes == 0 && !d.Torn {
			t.Fatalf("flipped byte %d: %d samples, %+v", at, n, d)
		}
	}
}

// journalOfFour is the first journal segment of a session of four requests.
func journalOfFour(f *testing.F) []byte {
	f.Helper()
	w, dir := create(f)
	fill(f, w, 4, stats.KVDecode)
	if err := w.Flush(); err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(segment{filepath.Join(dir, journalDir), 1}.frames())
	if err != nil {
		f.Fatal(err)
	}
	return b
}

func FuzzJournal(f *testing.F) {
	b := journalOfFour(f)
	f.Add(b)
	f.Add(b[:len(b)-5])
	f.Add([]byte(journalMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = eachRecord(bytes.NewReader(b), func(*Record) error { return nil }) // must not panic
		var d frameDecoder
		var r Record
		for d.reset(b, 0); ; {
			if ok, err := d.next(&r); !ok || err != nil {
				return
			}
		}
	})
}
