package machine

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"
	"golang.org/x/term"

	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/runner/sys"
	"github.com/tailscope/tailscope/runner/worker"
	"github.com/tailscope/tailscope/stats"
)

// machine names processor and memory.
func (d *diagnosis) machine() {
	name := runtime.GOARCH
	if infos, err := cpu.Info(); err == nil && len(infos) > 0 && infos[0].ModelName != "" {
		name = infos[0].ModelName
	}
	text := fmt.Sprintf("%s, %d cores to use", name, runtime.NumCPU())
	if m, err := mem.VirtualMemory(); err == nil {
		text += fmt.Sprintf(", %s of %s memory available", output.Size(int64(m.Available)), output.Size(int64(m.Total)))
	}
	d.add("machine", works, "%s, %s", text, runtime.GOOS)
	if runtime.NumCPU() < 2 {
		d.add("machine", noted, "one core: the screen and the measured work take turns on it; prefer 'tailscope run'")
	}
	d.add("CPUs", works, "%s", placementText())
}

// placementText says where the two processes of a session run unless told
// otherwise.
func placementText() string {
	place, err := worker.Placer("")
	if err != nil {
		return err.Error()
	}
	p := place("interleaved")
	if len(p.Worker) == 0 {
		return fmt.Sprintf("nothing is pinned here; the worker computes with %s", stats.Counted(p.Threads(), "thread"))
	}
	text := fmt.Sprintf("the worker runs on %s with %s, the screen on %s", p.Worker, stats.Counted(p.Threads(), "thread"), p.Supervisor)
	if len(place("concurrent").Worker) == 0 {
		text += "; with --pairing concurrent both run anywhere"
	}
	return text + " (--cpus LIST chooses, --cpus all pins nothing)"
}

// terminal looks at what the live screen would draw on.
func (d *diagnosis) terminal() {
	out := int(os.Stdout.Fd())
	if !term.IsTerminal(out) || !term.IsTerminal(int(os.Stdin.Fd())) {
		d.add("terminal", noted, "none here (input or output is redirected): the live screen needs one, 'tailscope run' does not")
		return
	}
	cols, rows, err := term.GetSize(out)
	if err != nil {
		d.add("terminal", lacks, "its size cannot be read: %v", err)
		return
	}
	s := works
	text := fmt.Sprintf("%d×%d, TERM=%s, %s, %s", cols, rows, cmp.Or(os.Getenv("TERM"), "—"), colours(), charset())
	if cols < 80 || rows < 24 {
		s, text = noted, text+": the screen is made for 80×24 or more"
	}
	if os.Getenv("SSH_TTY") != "" {
		text += ", over SSH"
	}
	if os.Getenv("TMUX") != "" {
		text += ", in tmux"
	}
	d.add("terminal", s, "%s", text)
}

func colours() string {
	switch t := os.Getenv("TERM"); {
	case os.Getenv("NO_COLOR") != "":
		return "no colour (NO_COLOR is set)"
	case t == "dumb" || t == "":
		return "no colour"
	case os.Getenv("COLORTERM") == "truecolor" || os.Getenv("COLORTERM") == "24bit":
		return "true colour"
	case strings.Contains(t, "256color"):
		return "256 colours"
	}
	return "16 colours"
}

func charset() string {
	for _, env := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := os.Getenv(env); v != "" {
			if low := strings.ToLower(v); strings.Contains(low, "utf-8") || strings.Contains(low, "utf8") {
				return "UTF-8"
			}
			return env + "=" + v + " is not UTF-8: charts may show as question marks"
		}
	}
	return "no locale set: charts need UTF-8"
}

// folder writes into the folder for sessions, or the nearest one above it
// that exists, and looks at the room there.
func (d *diagnosis) folder(out string) {
	abs, err := filepath.Abs(out)
	if err != nil {
		d.add("output folder", lacks, "%v", err)
		return
	}
	dir := abs
	for {
		st, err := os.Stat(dir)
		if err == nil && st.IsDir() {
			break
		}
		if err == nil {
			d.add("output folder", lacks, "%s is not a folder: choose another with --out", dir)
			return
		}
		if dir == filepath.Dir(dir) {
			d.add("output folder", lacks, "%v", err)
			return
		}
		dir = filepath.Dir(dir)
	}
	f, err := os.CreateTemp(dir, ".tailscope-doctor-*")
	if err != nil {
		d.add("output folder", lacks, "%s cannot be written: choose another with --out (%v)", dir, err)
		return
	}
	f.Close()
	os.Remove(f.Name())
	free, _ := sys.FreeBytes(dir)
	kind := sys.Medium(dir)
	s, text := works, fmt.Sprintf("%s can be written, %s free", abs, output.Size(free))
	if free < 1<<30 {
		s, text = noted, text+": a run of an hour can need more, see max_disk"
	}
	if kind != "" {
		s, text = noted, text+"; it lies on "+kind
	}
	d.add("output folder", s, "%s", text)
}

// noise looks for what makes latencies vary that is not the engine's; threads
// are those that will compute, 0: as many as the worker takes by itself.
func (d *diagnosis) noise(threads int) {
	var notes []string
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if g := readWord("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"); g != "" && g != "performance" {
		note("the CPU governor is %s: clocks move while you measure; 'performance' is steadier", g)
	}
	if readWord("/sys/devices/system/cpu/cpufreq/boost") == "1" || readWord("/sys/devices/system/cpu/intel_pstate/no_turbo") == "0" {
		note("turbo is on: the clock depends on heat and on the other cores")
	}
	if readWord("/sys/devices/system/cpu/smt/active") == "1" {
		note("two threads share a core (SMT): pin the worker to whole cores with --cpus")
	}
	if infos, err := cpu.Info(); err == nil && len(infos) > 0 && strings.Contains(" "+strings.Join(infos[0].Flags, " ")+" ", " hypervisor ") {
		note("a virtual machine: the host may take the processor away, which shows neither as run-queue delay nor as load")
	}
	if quota := readWord("/sys/fs/cgroup/cpu.max"); quota != "" && !strings.HasPrefix(quota, "max") {
		note("the control group bounds CPU time (%s): throttling stalls everything at once", quota)
	}
	if words := crowded(threads); words != "" {
		note("%s", words)
	}
	if l, err := load.Avg(); err == nil && l.Load1 > float64(runtime.NumCPU())/2 {
		note("load is %.1f on %d cores: others compete now", l.Load1, runtime.NumCPU())
	}
	if c := readWord("/sys/devices/system/clocksource/clocksource0/current_clocksource"); c == "hpet" || c == "acpi_pm" {
		note("the clock source is %s: reading the time costs a microsecond or more", c)
	}
	if _, err := os.Stat("/proc/self/schedstat"); err != nil {
		note("no schedstat: run-queue delay cannot be told from the engine's time")
	}
	if len(notes) == 0 {
		d.add("noise", works, "nothing found that disturbs measurements")
	}
	for _, n := range notes {
		d.add("noise", noted, "%s", n)
	}
}

// readWord reads a one-line file of the kernel; "" if it is not there.
func readWord(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
