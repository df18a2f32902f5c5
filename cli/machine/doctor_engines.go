package machine

import (
	"cmp"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/gpu/nvml"
	"github.com/tailscope/tailscope/runner/ort/provision"
	"github.com/tailscope/tailscope/runner/torch"
)

// ort looks for the library and tries its providers.
func (d *diagnosis) ort(ctx context.Context, library string) {
	if !OrtBuiltIn {
		d.add("ONNX Runtime", lacks, "%v", exit.ErrNoORT)
		return
	}
	opts := provision.Options{Library: library}
	path, err := provision.Find(opts)
	if err != nil {
		d.add("ONNX Runtime", lacks, "%v: run 'tailscope setup'%s", err, npmHint())
		return
	}
	var version, where string
	for _, c := range provision.Search(opts) {
		if c.Path == path && c.Err == nil {
			version, where = c.Version, c.Where
		} else if c.Err != nil {
			d.add("ONNX Runtime", noted, "passed over: %v", c.Err)
		}
	}
	reports, err := probeApart(ctx, path)
	if err != nil {
		d.add("ONNX Runtime", lacks, "%s (%s) does not load: %v", path, where, err)
		return
	}
	d.add("ONNX Runtime", works, "%s, %s: %s", cmp.Or(version, "of unknown version"), cmp.Or(whereText[where], "named by "+where), path)
	if sum, err := provision.Hash(path); err == nil {
		d.Checks = append(d.Checks, check{"SHA-256", works, sum, true})
	}
	d.providers(reports)
	d.cudaParts(path)
}

// whereText words how the search found a library.
var whereText = map[string]string{
	"cache":   "in the user's cache",
	"python":  "in Python's site-packages",
	"system":  "in the system's folders",
	"library": "named by --library",
}

// npmHint says whether setup has the client that it asks.
func npmHint() string {
	if _, err := exec.LookPath("npm"); err != nil {
		return " --from PATH (npm, which would fetch it, is not here either)"
	}
	return ""
}

// providers lists the trials.
func (d *diagnosis) providers(reports []provision.ProviderReport) {
	d.Providers = reports
	var good []string
	for _, r := range reports {
		if !r.Works {
			d.Checks = append(d.Checks, check{r.Provider, lacks, refusalText(r), true})
			continue
		}
		good = append(good, r.Provider)
		text := "ran a model"
		if r.Device != "" {
			text += " on " + r.Device
		}
		d.Checks = append(d.Checks, check{r.Provider, works, strings.Join(append([]string{text}, r.Notes...), "; "), true})
	}
	if len(good) > 0 {
		d.CanRun = append(d.CanRun, "ort ("+strings.Join(good, ", ")+")")
	}
}

// refusalText is the library's reason.
func refusalText(r provision.ProviderReport) string {
	return strings.TrimSuffix(r.Reason, "; 'tailscope doctor' says what this machine can run") // this is doctor
}

// torch asks the interpreter what it has.
func (d *diagnosis) torch(ctx context.Context, t configs.Torch) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r, err := torch.Probe(ctx, t)
	if err != nil {
		d.add("PyTorch", lacks, "%v", err)
		return
	}
	missing := r.Lacks(t)
	if r.Torch == "" {
		d.add("PyTorch", lacks, "%s", strings.Join(missing, " "))
		return
	}
	device := cmp.Or(r.Device, "CPU")
	d.add("PyTorch", works, "torch %s in Python %s (%s), on %s", r.Torch, r.Python, r.Executable, device)
	for _, m := range missing {
		d.add("PyTorch", noted, "%s", m)
	}
	d.CanRun = append(d.CanRun, "torch ("+device+")")
}

// telemetry opens the driver and takes one reading.
func (d *diagnosis) telemetry() {
	src, err := nvml.Open(0)
	if err != nil {
		d.add("GPU telemetry", lacks, "%v", err)
		return
	}
	defer src.Close()
	begin := time.Now()
	st := src.Read()
	cost := time.Since(begin)
	d.add("GPU telemetry", works, "%s, driver %s, GPU %d of %d; a reading costs %v", st.Name, st.Driver, st.Index, st.Count, cost.Round(time.Microsecond))
	if missing := missingReadings(st); missing != "" {
		d.add("GPU telemetry", noted, "not readable here: %s", missing)
	}
	if len(st.Throttle) > 0 {
		d.add("GPU telemetry", noted, "the GPU slows its clock down now: %s", strings.Join(st.Throttle, ", "))
	}
}

// missingReadings lists readings without a value, with the driver's reason.
func missingReadings(st gpu.State) string {
	var out []string
	for _, r := range []struct {
		name string
		err  string
	}{
		{"utilisation", st.UtilPct.Err}, {"memory used", st.MemUsedBytes.Err}, {"memory total", st.MemTotalBytes.Err},
		{"power", st.PowerMilliwatts.Err}, {"power limit", st.PowerLimitMilliwatts.Err}, {"temperature", st.TempC.Err},
		{"SM clock", st.SMClockMHz.Err}, {"highest SM clock", st.SMClockMaxMHz.Err}, {"memory clock", st.MemClockMHz.Err},
		{"throttle reasons", st.ThrottleErr},
	} {
		if r.err != "" {
			out = append(out, fmt.Sprintf("%s (%s)", r.name, r.err))
		}
	}
	return strings.Join(out, ", ")
}
