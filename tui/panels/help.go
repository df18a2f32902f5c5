package panels

import (
	"slices"
	"strings"

	"github.com/tailscope/tailscope/tui/draw"
)

var SlotHelp = Register(Desc{Name: "help", Focus: true, Make: func() Panel { return &HelpPanel{} }})

// HelpPanel says how to find the four answers, what every key does, and what
// every word means, in columns and, where those do not fit, in pages.
type HelpPanel struct {
	Pane
	last int // page, as last drawn
}

// helpBlock is a heading and what stands under it: a key or a word, and what it
// means.
type helpBlock struct {
	title string
	rows  [][2]string
}

// answers is how to read the first view.
var answers = helpBlock{"four answers, on view 1", [][2]string{
	{"who wins", "the first line: p50, mean and p99, each won by a lane or ~ not told apart; the sentence says how sure"},
	{"why the tail", "'why the tail is slow': every sample beyond the threshold has one cause; on the map each cause is a colour"},
	{"which shape", "the events: kind, lane, shape, milliseconds; enter shows the sample and what happened around it"},
	{"the cure", "the key on green after the sentence; enter applies it, and the line then says what it did to p99"},
}}

// words explains what stands on the screen, by view.
var words = []helpBlock{
	{"words", [][2]string{
		{"◇ eager", "the model as it is"},
		{"◆ optimized", "the compiled lane; in A/A a second eager session"},
		{"segment", "the stretch between two toggles; figures are of it unless their heading says session or a window"},
		{"clean", "no event attached, not the first of its shape"},
		{"tagged", "not clean: a compile, a capture, a fallback, a first run; h leaves them out"},
		{"~", "a difference that the samples do not tell from chance, or inside the noise floor"},
		{"needs n more", "too few samples for this quantile (459 for p99, 4,603 for p99.9)"},
		{"as good as n", "neighbours are so alike that n independent samples tell as much; too alike to tell: too few for an interval"},
		{"compiler-real", "the evidence shows that the optimized lane did compile"},
		{"executables", "compiled graphs alive, of the recompile limit; beyond it new shapes run eager"},
	}},
	{"the map (view 1)", [][2]string{
		{"a cell", "log latency upward, time to the right; brighter: more samples; colour: the cause"},
		{"╌ p50 ━ p99", "of the latest 7 samples and 459, or of a column that has more; neither crosses a toggle"},
		{"rows below", "what happened: ▲ one or two, bars where it is often; GPU clock and power where there is one"},
		{"a click", "goes to that instant; [ and ] zoom, ←/→ move, enter shows the samples"},
	}},
	{"quantiles (view 2)", [][2]string{
		{"difference", "optimized − eager: below 0 the optimized lane is faster"},
		{"ratio", "optimized ÷ eager: below 1 the optimized lane is faster"},
		{"won", "share of requests in which the optimized lane was faster"},
		{"crossover", "the quantile up to which the optimized lane wins"},
		{"95 % interval", "distribution-free, from the order of the samples"},
		{"noise floor", "what two eager sessions differed by (A/A, key o)"},
	}},
	{"causes (view 3)", [][2]string{
		{"beyond", "the tail begins at 3 × the median of what its shapes should take"},
		{"compile", "making an executable took most of the excess"},
		{"new shape", "first run of a shape in its lane"},
		{"host", "waiting for a core, or page faults"},
		{"work", "a long prompt, no excess over its own shape"},
		{"unexplained", "slow, and nothing that was measured says why"},
		{"p99 without", "p99 of the samples that are left without this cause's"},
		{"cold start", "first sample of a run, over 3 × the five that follow"},
	}},
	{"shapes, segments (4, 5)", [][2]string{
		{"padding ×", "executed tokens ÷ real tokens: 1.00 is no padding"},
		{"first run", "of the shape in the optimized lane, its compile included"},
		{"last minute", "the slowest sample of each second, log scale; pink: a compile or the like"},
		{"pays back", "requests until the time saved equals the compile"},
		{"▶", "the best edges; enter on a row applies exactly those"},
		{"p (Holm)", "chance of such a difference from the row above if nothing changed, corrected for the number of rows"},
		{"signed-rank p", "the same for the pairs of this segment"},
		{"generation", "how often the worker was started"},
	}},
}

func (p *HelpPanel) View() string {
	w, h := p.Inner()
	st := p.Sc.St
	title := []draw.Run{draw.R(st.Title, "help")}
	cols, per, cw := p.columns(w, h)
	pages := (len(cols) + per - 1) / per
	p.last = max(0, pages-1)
	page := max(0, min(p.Sc.Scroll[p.Slot], p.last))
	text := "? closes"
	if pages > 1 {
		text = "page " + draw.Count(page+1) + " of " + draw.Count(pages) + p.Sc.Keys(" · ↓ next · ? closes")
	}
	return p.Frame(title, []draw.Run{draw.R(st.Muted, text)}, beside(cols[page*per:min(len(cols), (page+1)*per)], cw, w, h))
}

// Limit is the last page, from 0 on.
func (p *HelpPanel) Limit() int { return p.last }

const helpGap = 3

// columns flows the blocks into columns of h lines; per of them fit beside each
// other, each cw wide.
func (p *HelpPanel) columns(w, h int) (cols [][]string, per, cw int) {
	per = max(1, min(4, (w+helpGap)/(36+helpGap)))
	cw = (w - helpGap*(per-1)) / per
	var lines []string
	flush := func() {
		if len(lines) > 0 {
			cols = append(cols, lines)
		}
		lines = nil
	}
	for _, b := range p.blocks() {
		parts := p.block(b, cw)
		if len(lines) > 0 {
			if len(lines)+1+len(parts[0]) > h { // a heading stays with its first row
				flush()
			} else {
				lines = append(lines, draw.Spaces(cw))
			}
		}
		for _, part := range parts {
			if len(lines)+len(part) > h && len(lines) > 0 {
				flush()
			}
			lines = append(lines, part...)
		}
	}
	flush()
	return cols, per, cw
}

// block is a heading with its first row, then each row, as lines.
func (p *HelpPanel) block(b helpBlock, w int) (parts [][]string) {
	st := p.Sc.St
	name := 0
	for _, r := range b.rows {
		name = max(name, draw.Cells(r[0]))
	}
	name = min(name, w*2/5)
	head := []string{draw.NewLine(w).Put(st.Strong, b.title).String()}
	for _, r := range b.rows {
		lines := head
		head = nil
		for i, s := range draw.Wrap(p.Sc.Keys(r[1]), w-name-1, 7) {
			n := ""
			if i == 0 {
				n = r[0]
			}
			lines = append(lines, draw.NewLine(w).Put(st.Key, draw.Left(n, name)).Gap(1).Put(st.Muted, s).String())
		}
		parts = append(parts, lines)
	}
	return parts
}

func (p *HelpPanel) blocks() []helpBlock {
	return append(append([]helpBlock{answers}, helpKeys(p.Sc.Hints)...), words...)
}

// beside sets columns of cw cells side by side.
func beside(cols [][]string, cw, w, h int) []string {
	out := make([]string, h)
	for y := range out {
		var b strings.Builder
		for i, c := range cols {
			if i > 0 {
				b.WriteString(draw.Spaces(helpGap))
			}
			if y < len(c) {
				b.WriteString(c[y])
			} else {
				b.WriteString(draw.Spaces(cw))
			}
		}
		b.WriteString(draw.Spaces(w - cw*len(cols) - helpGap*max(0, len(cols)-1)))
		out[y] = b.String()
	}
	return out
}

// helpKeys gathers the keys under their headings, in the order of the first of
// each.
func helpKeys(hints []KeyHint) (out []helpBlock) {
	for _, k := range hints {
		i := slices.IndexFunc(out, func(g helpBlock) bool { return g.title == k.Group })
		if i < 0 {
			i, out = len(out), append(out, helpBlock{title: k.Group})
		}
		out[i].rows = append(out[i].rows, [2]string{k.Shown, k.Help})
	}
	return append(out, helpBlock{"mouse", [][2]string{{"click", "a panel, an event, an instant, a view, a key below; hold shift to select text"}}})
}
