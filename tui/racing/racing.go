package racing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats/race"
	"github.com/tailscope/tailscope/tui/draw"
)

type (
	viewMsg view.Race
	endMsg  struct{}
)

type model struct {
	views         <-chan view.Race
	stop          func()
	v             view.Race
	width, height int
	stopping      bool
	plain         bool
	styles        *draw.Styles
}

// Run shows views until their channel closes. stop is called once when the user
// wants the best so far.
func Run(ctx context.Context, views <-chan view.Race, stop func(), plain bool, out io.Writer) error {
	colours := draw.FullColour
	if plain {
		colours = draw.NoColour
	}
	m := &model{views: views, stop: stop, plain: plain, styles: draw.NewStyles(true, colours)}
	p := tea.NewProgram(m, tea.WithOutput(out), tea.WithFPS(10))
	defer context.AfterFunc(ctx, p.Quit)()
	_, err := p.Run()
	if errors.Is(err, tea.ErrInterrupted) {
		return nil
	}
	return err
}

func (m *model) wait() tea.Msg {
	v, ok := <-m.views
	if !ok {
		return endMsg{}
	}
	return viewMsg(v)
}

// Init implements tea.Model.
func (m *model) Init() tea.Cmd { return tea.Batch(m.wait, tea.RequestBackgroundColor) }

// Update implements tea.Model.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case viewMsg:
		m.v = view.Race(msg)
		return m, m.wait
	case endMsg:
		return m, tea.Quit
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		if !m.plain {
			m.styles = draw.NewStyles(msg.IsDark(), draw.FullColour)
		}
	case tea.KeyPressMsg:
		if s := msg.String(); s == "q" || s == "ctrl+c" {
			if m.stopping {
				return m, nil
			}
			m.stopping = true
			m.stop()
		}
	}
	return m, nil
}

// View implements tea.Model.
func (m *model) View() tea.View {
	f := Frame(m.styles, m.v, m.width, m.height, m.stopping)
	if m.plain {
		f = draw.AsciiOnly(f)
	}
	v := tea.NewView(f)
	v.AltScreen = true
	return v
}

// Frame draws a race into at most w × h cells.
func Frame(st *draw.Styles, v view.Race, w, h int, stopping bool) string {
	if w < 1 || h < 1 {
		return ""
	}
	var lines []string
	put := func(k draw.Ink, s string) { lines = append(lines, k.On(draw.Fit(s, w))) }
	put(st.Strong, "tailscope tune   "+head(v))
	for _, d := range v.Done {
		put(st.Ok, "✓ "+d)
	}
	put(st.Muted, v.Doing)
	lines = append(lines, table(st, v, w)...)
	foot := "q stop with the best so far"
	if stopping {
		foot = "stopping"
	}
	return strings.Join(append(draw.Block(lines, 0, h-1), st.Muted.On(draw.Fit(foot, w))), "\n")
}

func head(v view.Race) string {
	s := v.Elapsed.Round(time.Second).String()
	if v.Title == "" {
		return s
	}
	s += fmt.Sprintf("   race of %s by %s   %d requests", v.Title, v.Objective, v.Blocks)
	if v.Over != "" {
		return s + "   " + v.Over
	}
	return s + "   at most " + v.Left.Round(time.Second).String() + " left"
}

// order puts who is ahead first and who is out last, those last in longest.
func order(rows []race.Row) []race.Row {
	key := func(r race.Row) float64 {
		switch {
		case r.Best:
			return -1
		case r.Out != "":
			return 1e30 - float64(r.N)
		case math.IsNaN(r.Value.Ns):
			return 1e29
		}
		return r.Value.Ns
	}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b race.Row) int {
		return cmp.Compare(key(a), key(b))
	})
	return rows
}

// table draws the rows: what is told of each, and its interval on a common axis.
func table(st *draw.Styles, v view.Race, w int) (lines []string) {
	rows := order(v.Rows)
	if len(rows) == 0 {
		return nil
	}
	name, lo, hi := 9, math.Inf(1), 0.0
	for _, r := range rows {
		name = max(name, draw.Cells(r.Name))
		if x := r.Value.Ns; r.Out == "" && !math.IsNaN(x) {
			lo, hi = min(lo, least(r.Value.Lo, x)), max(hi, least(r.Value.Hi, x))
		}
	}
	name = min(name, max(9, w/3))
	bar := max(0, min(60, w-name-40))
	lines = append(lines, st.Muted.On(draw.Fit("  "+draw.Left("candidate", name)+draw.Right("n", 7)+draw.Right(v.Objective+" ms", 10)+draw.Right("to make", 11)+"  "+axis(lo, hi, bar), w)))
	for _, r := range rows {
		mark, ink := "  ", st.Text
		switch {
		case r.Best:
			mark, ink = "▸ ", st.LaneStrong[1]
		case r.Out != "":
			mark, ink = "· ", st.Faint
		}
		text := mark + draw.Left(r.Name, name) + draw.Right(strconv.Itoa(r.N), 7) + draw.Right(ms(r.Value.Ns), 10) + draw.Right(cold(r), 11) + "  "
		if r.Out != "" {
			text += r.Out
		} else {
			text += Bar(r.Value, lo, hi, bar)
		}
		lines = append(lines, ink.On(draw.Fit(text, w)))
	}
	return lines
}

// least is x, or y where x is not known.
func least(x, y float64) float64 {
	if !draw.Finite(x) {
		return y
	}
	return x
}

func axis(lo, hi float64, w int) string {
	a, b := ms(lo), ms(hi)
	if math.IsInf(lo, 1) || w < len(a)+len(b)+1 {
		return ""
	}
	return a + draw.Spaces(w-len(a)-len(b)) + b
}

// Bar draws a value and its interval between lo and hi in w cells: ├─●─┤, or ●
// alone where no interval is known, ├─●─→ where it has no upper end yet.
func Bar(v race.Value, lo, hi float64, w int) string {
	if w < 1 || !draw.Finite(v.Ns) {
		return ""
	}
	at := func(x float64) int {
		if !(hi > lo) {
			return 0
		}
		return int(math.Round(max(0, min(1, (x-lo)/(hi-lo))) * float64(w-1)))
	}
	cells := []rune(strings.Repeat(" ", w))
	if !math.IsNaN(v.Lo) && !math.IsNaN(v.Hi) {
		for i := at(v.Lo); i <= at(v.Hi); i++ {
			cells[i] = '─'
		}
		cells[at(v.Lo)], cells[at(v.Hi)] = '├', '┤'
		if math.IsInf(v.Hi, 1) {
			cells[w-1] = '→'
		}
	}
	cells[at(v.Ns)] = '●'
	return string(cells)
}

func cold(r race.Row) string {
	if math.IsNaN(r.ColdNs) {
		return draw.Missing
	}
	d := time.Duration(r.ColdNs)
	if d >= 10*time.Second {
		return d.Round(time.Second).String()
	}
	return d.Round(time.Millisecond).String()
}

func ms(ns float64) string {
	if !draw.Finite(ns) {
		return draw.Missing
	}
	if ns >= 1e8 {
		return strconv.FormatFloat(ns/1e6, 'f', 0, 64)
	}
	return strconv.FormatFloat(ns/1e6, 'g', 3, 64)
}
