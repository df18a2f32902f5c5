package snapshot

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/internal/must"
)

// FuzzFloors reads a kept noise floor: what is believed can be one.
func FuzzFloors(f *testing.F) {
	f.Add([]byte(`{"modes":{"prefill":{"median_ns":5,"mean_ns":6,"p99_ns":7,"sessions":12,"shares":[0.01,0.02,0.03]}}}`))
	f.Add([]byte(`{"modes":{"prefill":{"median_ns":-5,"sessions":-1,"shares":[-1,0,0]}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		t.Setenv("XDG_CACHE_HOME", t.TempDir())
		c := &configs.Config{}
		s := setupOf(c)
		path := must.Get(s.path())(t)
		must.OK(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must.OK(t, os.WriteFile(path, b, 0o600))
		floors, err := Floors(c)
		if err != nil {
			return
		}
		for mode, n := range floors {
			if n.MedianNs < 0 || n.MeanNs < 0 || n.P99Ns < 0 || n.Sessions < 0 || n.Shares[0] < 0 || n.Shares[1] < 0 || n.Shares[2] < 0 {
				t.Errorf("%s: %+v", mode, n)
			}
		}
	})
}
