package panels

import (
	"math"
	"strings"
	"time"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/energy"
	"github.com/tailscope/tailscope/tui/draw"
)

// The short list of readings and the long one.
var (
	SlotGPU     = Register(Desc{Name: "gpu", Focus: true, Make: func() Panel { return &gpuPanel{} }})
	SlotFullGPU = Register(Desc{Name: "fullgpu", Focus: true, Least: 5, Make: func() Panel { return &gpuPanel{full: true} }, Want: func(sc *Scene, _ int) int {
		if sc.V.GPU.Why != "" {
			return 1
		}
		if sc.V.GPU.EnergyMillijoules.OrNaN() > 0 {
			return 12
		}
		return 11
	}})
)

// gpuPanel shows the device's readings with their recent past, or says why
// there are none.
type gpuPanel struct {
	Pane
	full bool
}

func (p *gpuPanel) View() string {
	w, h := p.Inner()
	st, g := p.Sc.St, &p.Sc.V.GPU
	title := []draw.Run{draw.R(st.Title, "GPU")}
	if g.Why == "" && g.Name != "" {
		title = append(title, draw.R(st.Muted, " · "+g.Name))
	}
	if g.Why != "" || g.Name == "" {
		return p.Frame(title, nil, p.why(w, h))
	}
	return p.Frame(title, p.age(), draw.Block(p.Rows(w), w, h))
}

// why wraps the reason for the emptiness.
func (p *gpuPanel) why(w, h int) []string {
	why := p.Sc.V.GPU.Why
	if why == "" {
		why = "no reading yet"
	}
	var out []string
	for i, s := range draw.Wrap(why, w, h) {
		k := p.Sc.St.Muted
		if i == 0 {
			k = p.Sc.St.Text
		}
		out = append(out, draw.NewLine(w).Put(k, s).String())
	}
	return out
}

// age is how old the readings are; late ones are marked.
func (p *gpuPanel) age() []draw.Run {
	g := &p.Sc.V.GPU
	every := g.Interval
	if every <= 0 {
		every = time.Second
	}
	if time.Duration(g.AgeNs) > 3*every+time.Second {
		return []draw.Run{draw.R(p.Sc.St.Warn, "stale "+draw.Brief(float64(g.AgeNs)))}
	}
	if p.W >= 50 && g.CostNs > 0 {
		return []draw.Run{draw.R(p.Sc.St.Faint, "read in "+draw.Brief(float64(g.CostNs)))}
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

func (p *gpuPanel) Rows(w int) []string {
	st, g := p.Sc.St, &p.Sc.V.GPU
	var out []string
	if p.full {
		out = append(out, draw.NewLine(w).Put(st.Muted, "driver "+g.Driver+" · device "+draw.Num(float64(g.Index), 0)+" of "+draw.Num(float64(g.Count), 0)+" · values are averages over the driver's own windows (1/6 to 1 s)").String())
	}
	out = append(out, p.throttle(w))
	for _, r := range readings(g) {
		l := draw.NewLine(w).Put(st.Muted, draw.Left(r.name, 10))
		if !r.ok {
			l.Put(st.Faint, draw.Missing+" ").Put(st.Faint, r.why)
			out = append(out, l.String())
			continue
		}
		l.Put(st.Text, draw.Right(r.value, min(17, l.Room())))
		if sw := min(w-l.W-2, 60); sw >= 3 && len(r.history) > 0 {
			l.Gap(2).Put(st.Muted, draw.Spark(r.history, r.top, sw))
		}
		out = append(out, l.String())
		if r.name == "power" && g.EnergyMillijoules.OrNaN() > 0 {
			out = append(out, p.energy(w))
		}
	}
	return out
}

func (p *gpuPanel) throttle(w int) string {
	st, g := p.Sc.St, &p.Sc.V.GPU
	l := draw.NewLine(w).Put(st.Muted, draw.Left("throttle", 10))
	switch {
	case len(g.Throttle) > 0:
		l.Put(st.Warn, "▾ "+strings.Join(g.Throttle, ", "))
	case g.ThrottleErr != "":
		l.Put(st.Faint, draw.Missing+" "+g.ThrottleErr)
	default:
		l.Put(st.Ok, "none")
	}
	return l.String()
}

// energy is what a request of each lane costs, in the mode that is shown.
func (p *gpuPanel) energy(w int) string {
	st, g := p.Sc.St, &p.Sc.V.GPU
	l := draw.NewLine(w).Put(st.Muted, draw.Left("energy", 10))
	known := 0
	for lane := range stats.Lane(stats.NumLanes) {
		e := &g.Energy[lane]
		if e.Blocks == 0 {
			continue
		}
		known++
		l.Phrase(draw.R(st.LaneStrong[lane], draw.LaneMark(lane)+" "+draw.Num(e.Request, 3)+" J"), draw.R(st.Muted, between(e)+" a request  "))
		if draw.Finite(e.Per1kTokens) {
			l.Phrase(draw.R(st.Muted, "("+draw.Num(e.Per1kTokens, 3)+" per 1,000 tokens)  "))
		}
	}
	if known == 0 {
		l.Put(st.Faint, draw.Missing+" needs 3 s of one lane alone: --pairing sequential")
	}
	return l.String()
}

// between is " [3.1, 3.3]"; "" without an interval.
func between(e *energy.Joules) string {
	if !draw.Finite(e.Lo) || !draw.Finite(e.Hi) {
		return ""
	}
	return " [" + draw.Num(e.Lo, 3) + ", " + draw.Num(e.Hi, 3) + "]"
}

func readings(g *view.GPU) []reading {
	value := func(r gpu.Reading, scale float64, prec int) string { return draw.Num(r.Value*scale, prec) }
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
	power.history, power.top = g.PowerHistory, draw.MaxOf(append([]float64{g.PowerLimitMilliwatts.Value}, g.PowerHistory...)...)
	clk := row("SM clock", g.SMClockMHz, of(g.SMClockMHz, g.SMClockMaxMHz, 1, 0, "MHz"))
	clk.history, clk.top = g.ClockHistory, draw.MaxOf(append([]float64{g.SMClockMaxMHz.Value}, g.ClockHistory...)...)
	return []reading{
		util, power, clk,
		row("memory", g.MemUsedBytes, of(g.MemUsedBytes, g.MemTotalBytes, gib, 1, "GiB")),
		row("temp", g.TempC, value(g.TempC, 1, 0)+" °C"),
		row("mem clock", g.MemClockMHz, value(g.MemClockMHz, 1, 0)+" MHz"),
		row("mem busy", g.MemUtilPct, value(g.MemUtilPct, 1, 0)+" %"),
	}
}
