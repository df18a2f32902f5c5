package panels

import (
	"cmp"
	"strings"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/tui/draw"
)

var SlotStatus = Register(Desc{Name: "status", Make: func() Panel { return &statusPanel{} }})

// statusPanel is the line above the keys: the latest notice, or what is going
// on, or where in the past one is.
type statusPanel struct{ Pane }

func (p *statusPanel) View() string {
	st := p.Sc.St
	level, text := p.Text()
	if p.Sc.Waiting && text == p.Sc.V.Status {
		text = "" // the start screen says it already
	}
	if r := p.Sc.V.Replay; r != nil && (level == "" || text == "") {
		return p.Bare(replayBar(st, r, p.W))
	}
	l := draw.NewLine(p.W).Gap(1)
	switch {
	case text == "":
	case level == "error":
		l.Put(st.Bad, "✕ "+text)
	case level == "warn":
		l.Put(st.Warn, "! "+text)
	case level == "info":
		l.Put(st.Text, "› "+text)
	default:
		l.Put(st.Muted, text)
	}
	return p.Bare(l.String())
}

// pastText says which moment the panels show. Only so many past views are
// kept: where the nearest one is not that of the cursor, it says so.
func pastText(sc *Scene) string {
	text := "as it was at " + draw.Clock(sc.Since(sc.V.NowNs))
	if d := sc.V.NowNs - sc.Past; d > 2e9 || d < -2e9 {
		text = "the cursor is at " + draw.Clock(sc.Since(sc.Past)) + "; the nearest picture kept is that of " + draw.Clock(sc.Since(sc.V.NowNs))
	}
	return text + sc.Keys(" · ←/→ step") + " · n/N events · esc back to now"
}

// urgent reports whether there is something to say that may cover the keys.
func (p *statusPanel) urgent() bool {
	level, text := p.Text()
	return level != "" && text != "" && (p.Sc.Started() || text != p.Sc.V.Status)
}

// How long a notice of the session stays, in ns.
const (
	noticeNs      = 8e9
	errorNoticeNs = 30e9
)

// replayBar is "▶ 0:42 ━━━━━●────────── 5:00 ×1".
func replayBar(st *draw.Styles, r *view.Replay, w int) string {
	play := "‖"
	if r.Playing {
		play = "▶"
	}
	l := draw.NewLine(w).Gap(1).Put(st.Strong, play+" "+draw.Clock(r.PosNs)+" ")
	end := " " + draw.Clock(r.LenNs) + " " + draw.Speed(r.Speed) + " "
	n := l.Room() - draw.Cells(end)
	if n < 4 || r.LenNs <= 0 {
		return l.Put(st.Muted, end).String()
	}
	at := int(float64(n-1) * min(1, max(0, float64(r.PosNs)/float64(r.LenNs))))
	l.Put(st.Ok, strings.Repeat("━", at)).Put(st.Strong, "●").Put(st.Faint, strings.Repeat("─", n-1-at))
	return l.Put(st.Muted, end).String()
}

// freshNotice is the newest notice of the session that has not expired.
func freshNotice(v *view.View) *view.Notice {
	for i := len(v.Notices) - 1; i >= 0; i-- {
		n, ttl := &v.Notices[i], int64(noticeNs)
		if n.Level == "error" {
			ttl = errorNoticeNs
		}
		if v.NowNs-n.TNs < ttl {
			return n
		}
	}
	return nil
}

func (p *statusPanel) Text() (level, text string) {
	sc, v := p.Sc, p.Sc.V
	n := freshNotice(v)
	if sc.Flash.Text != "" && (n == nil || n.TNs <= sc.Flash.At) {
		return sc.Flash.Level, sc.Flash.Text
	}
	switch {
	case n != nil && n.Level != "info":
		return n.Level, n.Text
	case v.Warming > 0:
		return "info", "warming up: " + draw.Plural(v.Warming, "shape") + " left · esc stops"
	case n != nil:
		return n.Level, n.Text
	}
	switch {
	case sc.Past != 0:
		return "info", pastText(sc)
	case sc.Frozen:
		return "info", "frozen at " + draw.Clock(v.NowNs-v.StartNs) + ", the run goes on · v to go on"
	case sc.Stale > 0:
		return "warn", "nothing heard from the session for " + draw.Brief(float64(sc.Stale)) + "; the figures are old"
	case v.Phase == view.PhaseFailed:
		return "error", cmp.Or(v.Status, draw.Missing)
	case sc.Ended && v.Phase != view.PhaseDone:
		return "info", "the session has ended · q quits"
	}
	if v.Status != "" {
		return "", v.Status
	}
	if RunOver(v) && v.Session.Dir != "" {
		return "", "the run is over · q quits · the session is in " + v.Session.Dir
	}
	if n := len(v.Exports); n > 0 {
		return "", "exported to " + v.Exports[n-1]
	}
	return "", ""
}
