package compare

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/stats/quantile"
)

// environment lists what differs between two sessions.
func environment(x, y *session) []Difference {
	a, b := x.m, y.m
	var out []Difference
	add := func(blocks bool, what, x, y string) {
		if x != y {
			out = append(out, Difference{what, x, y, blocks})
		}
	}
	num := func(v any) string { return fmt.Sprint(v) }
	add(true, "model", a.Model.Name, b.Model.Name)
	add(true, "model hash", a.Model.SHA256, b.Model.SHA256)
	add(true, "provider", a.Engine.Provider, b.Engine.Provider)
	add(true, "precision", a.Engine.Precision, b.Engine.Precision)
	add(true, "device", a.Engine.Device, b.Engine.Device)
	add(true, "CPU", a.Host.CPU, b.Host.CPU)
	add(true, "cores", num(a.Host.Cores), num(b.Host.Cores))
	add(true, "threads", num(a.Engine.Threads), num(b.Engine.Threads))
	add(true, "batch", num(a.Settings.Batch), num(b.Settings.Batch))
	add(true, "max_new_tokens", num(a.Settings.MaxNewTokens), num(b.Settings.MaxNewTokens))
	add(true, "eager inputs", a.Settings.EagerInputs, b.Settings.EagerInputs)
	add(true, "pairing", a.Settings.Pairing, b.Settings.Pairing)
	add(true, "rate", num(a.Settings.RatePerS), num(b.Settings.RatePerS))
	ga, gb := gpuOf(a), gpuOf(b)
	add(true, "GPU", ga.Name, gb.Name)
	add(false, "driver", ga.Driver, gb.Driver)
	add(false, "SM clock (median)", medianClock(x.clocks), medianClock(y.clocks))
	add(false, "CPUs of the worker", a.Engine.CPUs, b.Engine.CPUs)
	add(false, "engine", a.Engine.Name, b.Engine.Name)
	versions := map[string]string{} // their names, of both
	maps.Copy(versions, a.Engine.Versions)
	maps.Copy(versions, b.Engine.Versions)
	for _, k := range slices.Sorted(maps.Keys(versions)) {
		add(false, "version of "+k, a.Engine.Versions[k], b.Engine.Versions[k])
	}
	add(false, "strategy", a.Settings.Strategy, b.Settings.Strategy)
	add(false, "recompile limit", num(a.Settings.RecompileLimit), num(b.Settings.RecompileLimit))
	add(false, "seed", num(a.Settings.Seed), num(b.Settings.Seed))
	add(false, "warm-ups", num(a.Settings.Warmup), num(b.Settings.Warmup))
	add(false, "host", a.Host.Name, b.Host.Name)
	add(false, "kernel", a.Host.Kernel, b.Host.Kernel)
	add(false, "tailscope", a.Program.Version+" "+a.Program.Commit, b.Program.Version+" "+b.Program.Commit)
	add(false, "state", a.State, b.State)
	return out
}

func gpuOf(m *folder.Manifest) folder.GPUInfo {
	if m.GPU == nil {
		return folder.GPUInfo{}
	}
	return *m.GPU
}

// medianClock is the median of clocks, "" without any; rounded to 5 % steps of
// itself would hide real drops, so to 15 MHz, the grain in which clocks are set.
func medianClock(v []float64) string {
	if len(v) == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f MHz", math.Round(quantile.Median(v)/15)*15)
}
