package tui

import (
	"strings"

	"github.com/tailscope/tailscope/runner/view"
)

var slotStatus = register(desc{name: "status", make: func() panel { return &statusPanel{} }})

// statusPanel is the line above the keys: the latest notice, or what is going
// on, or where in the past one is.
type statusPanel struct{ pane }

func (p *statusPanel) view() string {
	if p.w < 1 || p.h < 1 {
		return ""
	}
	st := p.sc.st
	level, text := p.text()
	if p.sc.waiting && text == p.sc.v.Status {
		text = "" // the start screen says it already
	}
	if r := p.sc.v.Replay; r != nil && (level == "" || text == "") {
		return join(block([]string{replayBar(st, r, p.w)}, p.w, p.h))
	}
	l := newLine(p.w).gap(1)
	switch {
	case text == "":
	case level == "error":
		l.put(st.bad, "✕ "+text)
	case level == "warn":
		l.put(st.warn, "! "+text)
	case level == "info":
		l.put(st.text, "› "+text)
	default:
		l.put(st.muted, text)
	}
	return join(block([]string{l.String()}, p.w, p.h))
}

// pastText says which moment the panels show. Only so many past views are
// kept: where the nearest one is not that of the cursor, it says so.
func pastText(sc *scene) string {
	text := "as it was at " + clock(sc.since(sc.v.NowNs))
	if d := sc.v.NowNs - sc.past; d > 2e9 || d < -2e9 {
		text = "the cursor is at " + clock(sc.since(sc.past)) + "; the nearest picture kept is that of " + clock(sc.since(sc.v.NowNs))
	}
	return text + " · ←/→ step · n/N events · esc back to now"
}

// urgent reports whether there is something to say that may cover the keys.
func (p *statusPanel) urgent() bool {
	level, text := p.text()
	return level != "" && text != "" && (p.sc.started() || text != p.sc.v.Status)
}

// How long a notice of the session stays, in ns.
const (
	noticeNs      = 8e9
	errorNoticeNs = 30e9
)

// replayBar is "▶ 0:42 ━━━━━●────────── 5:00 ×1".
func replayBar(st *styles, r *view.Replay, w int) string {
	play := "‖"
	if r.Playing {
		play = "▶"
	}
	l := newLine(w).gap(1).put(st.strong, play+" "+clock(r.PosNs)+" ")
	end := " " + clock(r.LenNs) + " " + speed(r.Speed) + " "
	n := l.room() - cells(end)
	if n < 4 || r.LenNs <= 0 {
		return l.put(st.muted, end).String()
	}
	at := int(float64(n-1) * min(1, max(0, float64(r.PosNs)/float64(r.LenNs))))
	l.put(st.ok, strings.Repeat("━", at)).put(st.strong, "●").put(st.faint, strings.Repeat("─", n-1-at))
	return l.put(st.muted, end).String()
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

func (p *statusPanel) text() (level, text string) {
	sc, v := p.sc, p.sc.v
	n := freshNotice(v)
	if sc.flash.text != "" && (n == nil || n.TNs <= sc.flash.at) {
		return sc.flash.level, sc.flash.text
	}
	if n != nil {
		return n.Level, n.Text
	}
	switch {
	case sc.past != 0:
		return "info", pastText(sc)
	case sc.frozen:
		return "info", "frozen at " + clock(v.NowNs-v.StartNs) + ", the run goes on · v to go on"
	case sc.stale > 0:
		return "warn", "nothing heard from the session for " + brief(float64(sc.stale)) + "; the figures are old"
	case v.Phase == view.PhaseFailed:
		return "error", orMissing(v.Status)
	case sc.ended && v.Phase != view.PhaseDone:
		return "info", "the session has ended · q quits"
	}
	if v.Status != "" {
		return "", v.Status
	}
	if runOver(v) && v.Session.Dir != "" {
		return "", "the run is over · q quits · the session is in " + v.Session.Dir
	}
	if n := len(v.Exports); n > 0 {
		return "", "exported to " + v.Exports[n-1]
	}
	return "", ""
}
