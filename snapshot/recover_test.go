package snapshot

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/snapshot/journal"
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
	ts := made.New(1)
	for r := uint64(0); ; r++ {
		for lane := range stats.Lane(stats.NumLanes) {
			if err := w.Sample(ts.Sample(r, lane, stats.Prefill), nil, nil); err != nil {
				panic(err)
			}
			fmt.Println(ts.Seq)
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
	_, dir, err := folder.NewRunID(t.TempDir(), time.Now())
	must.OK(t, err)
	self := must.Get(os.Executable())(t)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "TAILSCOPE_TEST_WRITE="+dir)
	out := must.Get(cmd.StdoutPipe())(t)
	must.OK(t, cmd.Start())
	said := bufio.NewScanner(out)
	for range 500 { // it is under way
		if !said.Scan() {
			t.Fatal("the writing process ended: ", said.Err())
		}
	}
	if _, err := Recover(dir, ""); !errors.Is(err, journal.ErrRunning) {
		t.Errorf("recovering a live session: %v", err)
	}
	must.OK(t, cmd.Process.Signal(syscall.SIGKILL))
	line := said.Text()
	for said.Scan() {
		line = said.Text()
	}
	_ = cmd.Wait() // it was killed
	last := must.Get(strconv.ParseUint(line, 10, 64))(t)
	m := must.Get(Recover(dir, ""))(t)
	l := m.Lost
	t.Log(l.Sentence)
	if taken := l.Recovered + l.Samples; !l.Known || taken < last || taken > last+1 {
		t.Errorf("recovered %d, lost %d; the process had said %d", l.Recovered, l.Samples, last)
	}
	if l.Samples > 110 {
		t.Errorf("%d samples lost although every 100 were flushed", l.Samples)
	}
	rows := readCSV(t, filepath.Join(dir, "prefill", "metrics.csv"))
	if uint64(len(rows)) != l.Recovered || m.State != folder.StateRecovered {
		t.Errorf("%d rows, %d recovered, state %s", len(rows), l.Recovered, m.State)
	}
	if _, err := Recover(dir, ""); !errors.Is(err, folder.ErrNothingToRecover) {
		t.Errorf("second recovery: %v", err)
	}
}
