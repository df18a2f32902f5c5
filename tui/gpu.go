package tui

import (
	"math"
	"strings"
	"time"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/runner/view"
)

// The short list of readings and the long one.
var (
	slotGPU     = register(desc{name: "gpu", focus: true, make: func() panel { return &gpuPanel{} }})
	slotFullGPU = register(desc{name: "fullgpu", focus: true, least: 5, make: func() panel { return &gpuPanel{full: true} }, want: func(sc *scene, _ int) int {
		if sc.v.GPU.Why != "" {
			return 1
		}
		return 11
	}})
)

// gpuPanel shows the device's readings with their recent past, or says why
// there are none.
type gpuPanel struct {
	pane
	full bool
}

func (p *gpuPanel) view() string {
	w, h := p.inner()
	st, g := p.sc.st, &p.sc.v.GPU
	title := []run{{st.title, "GPU"}}
	if g.Why == "" && g.Name != "" {
		title = append(title, run{st.muted, " · " + g.Name})
	}
	if h < 1 || w < 1 {
		return p.frame(title, nil, nil)
	}
	if g.Why != "" || g.Name == "" {
		return p.frame(title, nil, p.why(w, h))
	}
	return p.frame(title, p.age(), block(p.rows(w), w, h))
}

// why wraps the reason for the emptiness.
func (p *gpuPanel) why(w, h int) []string {
	why := p.sc.v.GPU.Why
	if why == "" {
		why = "no reading yet"
	}
	var out []string
	for i, s := range wrap(why, w, h) {
		k := p.sc.st.muted
		if i == 0 {
			k = p.sc.st.text
		}
		out = append(out, newLine(w).put(k, s).String())
	}
	return out
}

// age is how old the readings are; late ones are marked.
func (p *gpuPanel) age() []run {
	g := &p.sc.v.GPU
	every := g.Interval
	if every <= 0 {
		every = time.Second
	}
	if time.Duration(g.AgeNs) > 3*every+time.Second {
		return []run{{p.sc.st.warn, "stale " + brief(float64(g.AgeNs))}}
	}
	if p.w >= 50 && g.CostNs > 0 {
		return []run{{p.sc.st.faint, "read in " + brief(float64(g.CostNs))}}
	}
	return nil
}

// reading is one row: a name, a value with what it is out of, and its past.
type reading struct {
	name, value string
	ok          bool
	why         string
	history     []float64
	top         float64
}

func (p *gpuPanel) rows(w int) []string {
	st, g := p.sc.st, &p.sc.v.GPU
	var out []string
	if p.full {
		out = append(out, newLine(w).put(st.muted, "driver "+g.Driver+" · device "+num(float64(g.Index), 0)+" of "+num(float64(g.Count), 0)+" · values are averages over the driver's own windows (1/6 to 1 s)").String())
	}
	out = append(out, p.throttle(w))
	for _, r := range readings(g) {
		l := newLine(w).put(st.muted, left(r.name, 10))
		if !r.ok {
			l.put(st.faint, missing+" ").put(st.faint, r.why)
			out = append(out, l.String())
			continue
		}
		l.put(st.text, right(r.value, min(17, l.room())))
		if sw := min(w-l.w-2, 60); sw >= 3 && len(r.history) > 0 {
			l.gap(2).put(st.muted, spark(r.history, r.top, sw))
		}
		out = append(out, l.String())
	}
	return out
}

func (p *gpuPanel) throttle(w int) string {
	st, g := p.sc.st, &p.sc.v.GPU
	l := newLine(w).put(st.muted, left("throttle", 10))
	switch {
	case len(g.Throttle) > 0:
		l.put(st.warn, "▾ "+strings.Join(g.Throttle, ", "))
	case g.ThrottleErr != "":
		l.put(st.faint, missing+" "+g.ThrottleErr)
	default:
		l.put(st.ok, "none")
	}
	return l.String()
}

func readings(g *view.GPU) []reading {
	value := func(r gpu.Reading, scale float64, prec int) string { return num(r.Value*scale, prec) }
	of := func(a, b gpu.Reading, scale float64, prec int, unit string) string {
		s := value(a, scale, prec)
		if b.Err == "" && b.Value > 0 {
			s += " / " + value(b, scale, prec)
		}
		return s + " " + unit
	}
	row := func(name string, r gpu.Reading, text string) reading {
		return reading{name: name, value: text, ok: r.Err == "", why: r.Err, top: math.NaN()}
	}
	const gib = 1.0 / (1 << 30)
	util := row("busy", g.UtilPct, value(g.UtilPct, 1, 0)+" %")
	util.history, util.top = g.UtilHistory, 100
	power := row("power", g.PowerMilliwatts, of(g.PowerMilliwatts, g.PowerLimitMilliwatts, 1e-3, 0, "W"))
	power.history, power.top = g.PowerHistory, maxOf(append([]float64{g.PowerLimitMilliwatts.Value}, g.PowerHistory...)...)
	clk := row("SM clock", g.SMClockMHz, of(g.SMClockMHz, g.SMClockMaxMHz, 1, 0, "MHz"))
	clk.history, clk.top = g.ClockHistory, maxOf(append([]float64{g.SMClockMaxMHz.Value}, g.ClockHistory...)...)
	return []reading{
		util, power, clk,
		row("memory", g.MemUsedBytes, of(g.MemUsedBytes, g.MemTotalBytes, gib, 1, "GiB")),
		row("temp", g.TempC, value(g.TempC, 1, 0)+" °C"),
		row("mem clock", g.MemClockMHz, value(g.MemClockMHz, 1, 0)+" MHz"),
		row("mem busy", g.MemUtilPct, value(g.MemUtilPct, 1, 0)+" %"),
	}
}
