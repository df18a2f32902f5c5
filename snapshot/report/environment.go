package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/snapshot/folder"
)

func environmentTable(m *folder.Manifest) table {
	t := table{head: []string{"", ""}}
	add := func(k string, v string) {
		if v != "" && v != "0" {
			t.rows = append(t.rows, []string{k, v})
		}
	}
	add("model", m.Model.Name)
	add("model SHA-256", m.Model.SHA256)
	add("engine", strings.TrimSpace(m.Engine.Name+" "+m.Engine.Version))
	for _, l := range m.Engine.Libraries {
		add("library", l.Path+", SHA-256 "+l.SHA256)
	}
	add("provider", providerText(m))
	for _, r := range m.Engine.Refusals {
		add("refused: "+r.Provider, r.Reason)
	}
	add("device", m.Engine.Device)
	add("precision", m.Engine.Precision)
	add("end of a timed region", m.Engine.Boundary)
	add("threads", strconv.Itoa(m.Engine.Threads))
	if m.Engine.CPUs != "" {
		add("worker ran on", "CPU "+m.Engine.CPUs)
	}
	for _, k := range slices.Sorted(maps.Keys(m.Engine.Versions)) {
		add("version of "+k, m.Engine.Versions[k])
	}
	if g := m.GPU; g != nil {
		add("GPU", cmp.Or(g.Name, "none: "+g.Why))
		add("driver", g.Driver)
	}
	add("CPU", fmt.Sprintf("%s, %d cores", cmp.Or(m.Host.CPU, m.Host.Arch), m.Host.Cores))
	add("system", strings.TrimSpace(m.Host.OS+" "+m.Host.Platform+" "+m.Host.Kernel))
	add("configuration", m.Settings.Config)
	add("strategy at the start", m.Settings.Strategy)
	add("eager inputs", m.Settings.EagerInputs)
	add("pairing", m.Settings.Pairing)
	if m.Settings.RatePerS > 0 {
		add("rate", fmt.Sprintf("%g requests a second, open loop", m.Settings.RatePerS))
	}
	add("seed", strconv.FormatUint(m.Settings.Seed, 10))
	add("recompile limit", strconv.Itoa(m.Settings.RecompileLimit))
	if m.Settings.AA {
		add("A/A", "the second lane is another eager session")
	}
	add("tailscope", strings.Join(strings.Fields(m.Program.Version+" "+m.Program.Commit+" "+m.Program.Go), " "))
	return t
}

func providerText(m *folder.Manifest) string {
	if m.Engine.Provider == "" || m.Engine.ProviderAsked == m.Engine.Provider {
		return m.Engine.ProviderAsked
	}
	if m.Engine.ProviderAsked == "" {
		return m.Engine.Provider
	}
	return fmt.Sprintf("%s (asked for %s)", m.Engine.Provider, m.Engine.ProviderAsked)
}

func eventsTable(m *folder.Manifest) table {
	t := table{head: []string{"event", "times"}}
	for _, k := range slices.Sorted(maps.Keys(m.Counts.Events)) {
		t.rows = append(t.rows, []string{strings.ReplaceAll(k, "_", " "), strconv.FormatUint(m.Counts.Events[k], 10)})
	}
	return t
}
