package native

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tailscope/tailscope/runner/sys"
	"github.com/tailscope/tailscope/stats/limit"
)

// roofAge is how long a measured roof is believed.
const roofAge = 30 * 24 * time.Hour

// Roof is what the device can do in a precision: measured, or from the user's
// cache where the same was measured within a month. device is its name.
func (m *Maker) Roof(dev Memory, heap Allocator, t Type, device string) (*limit.Roof, error) {
	host, _ := os.Hostname()
	what := fmt.Sprint(1, m.Provider.Name, device, m.Provider.id, m.Provider.Options, m.Threads, OwnCPUs(), t, Library.Version, host, driverVersion())
	sum := sha256.Sum256([]byte(what))
	path := filepath.Join(sys.CacheDir("roof"), "ort-"+hex.EncodeToString(sum[:8])+".json")
	if r := keptRoof(path); r != nil {
		return r, nil
	}
	r, err := m.MeasureRoof(dev, heap, t)
	if err != nil {
		return nil, err
	}
	return r, keepRoof(path, r)
}

// keptRoof reads a kept roof; nil where there is none that is believed.
func keptRoof(path string) *limit.Roof {
	st, err := os.Stat(path)
	if err != nil || time.Since(st.ModTime()) > roofAge {
		return nil
	}
	b, err := os.ReadFile(path)
	r := &limit.Roof{}
	if err != nil || json.Unmarshal(b, r) != nil || !r.Known() {
		return nil
	}
	r.MeasuredS = 0
	return r
}

// keepRoof writes a roof for the next session; that it cannot be kept is no
// reason to do without it.
func keepRoof(path string, r *limit.Roof) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		fmt.Fprintf(os.Stderr, "the device's rates are not kept: %v\n", err)
		return nil
	}
	part := fmt.Sprintf("%s.%d", path, os.Getpid())
	if err = os.WriteFile(part, b, 0o644); err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "the device's rates are not kept: %v\n", err)
	}
	return nil
}

// driverVersion names NVIDIA's driver; "" without.
func driverVersion() string {
	b, _ := os.ReadFile("/sys/module/nvidia/version")
	return string(b)
}
