package panels

import (
	"cmp"
	"strconv"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/tui/draw"
)

// putFields writes as many fields as fit into room cells, giving up those
// with the highest drop first, and keeps their order.
func putFields(l *draw.Line, st *draw.Styles, fs []field, room int) {
	var kept []field
	for _, f := range fs {
		if f.value != "" {
			f.value = draw.Clean(f.value)
			kept = append(kept, f)
		}
	}
	const between = " · "
	kept = draw.Shed(kept, room+draw.Cells(between), func(f field) (width, drop int) { return draw.Cells(f.name + f.value + between), f.drop })
	stop := l.W + room
	for i, f := range kept {
		if i > 0 {
			l.Put(st.Faint, between)
		}
		l.Put(st.Muted, draw.Fit(f.name, stop-l.W)).Put(f.k, draw.Fit(f.value, stop-l.W))
	}
}

// phaseBadge is the word that leads the screen. What the screen shows may
// differ from what the session does: frozen and past come first.
func phaseBadge(sc *Scene) (string, draw.Ink) {
	st := sc.St
	switch {
	case sc.V.Replay != nil && !sc.V.Replay.Playing:
		return "‖ REPLAY", st.BadgeWarn
	case sc.V.Replay != nil:
		return "▶ REPLAY", st.Badge
	case sc.Past != 0:
		return "◂ PAST", st.BadgeWarn
	case sc.Frozen:
		return "▪ FROZEN", st.BadgeWarn
	case sc.Stale > 0:
		return "? STALE " + draw.Brief(float64(sc.Stale)), st.BadgeBad
	}
	switch sc.V.Phase {
	case view.PhaseRunning:
		return "● RUNNING", st.Badge
	case view.PhaseWarmup:
		return "◐ WARM-UP", st.BadgeWarn
	case view.PhasePaused:
		return "‖ PAUSED", st.BadgeWarn
	case view.PhaseRestart:
		return "↻ RESTARTING", st.BadgeBad
	case view.PhaseDone:
		return "✓ DONE", st.Badge
	case view.PhaseFailed:
		return "✕ FAILED", st.BadgeBad
	}
	return "◌ STARTING", st.BadgeWarn
}

func strategyText(s *view.Session) string {
	if s.AA {
		return "A/A"
	}
	if s.Asked != "" {
		return s.Strategy + " → " + s.Asked + " …"
	}
	return s.Strategy
}

func providerText(s *view.Session) string {
	if s.Provider == "" && s.ProviderAsked == "" {
		return ""
	}
	if s.ProviderAsked != "" && s.ProviderAsked != s.Provider {
		return s.ProviderAsked + " → " + cmp.Or(s.Provider, draw.Missing)
	}
	return s.Provider
}

func scenarioText(s string) string {
	if s == "*" {
		return "all"
	}
	return s
}

func rateText(s *view.Session) string {
	if s.Rate > 0 {
		return "open loop " + strconv.FormatFloat(s.Rate, 'g', 4, 64) + "/s"
	}
	if s.Observed {
		return ""
	}
	return "closed loop"
}

// sloLevel is the service level, "" without one.
func sloLevel(s *view.Session) string {
	if s.SLO <= 0 {
		return ""
	}
	return draw.Span(s.SLO)
}

// positive is a number, "" for none.
func positive(n int) string {
	if n <= 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// cpuText is what the UI process takes of one core; a process that has no
// memory either has not been looked at.
func cpuText(s *view.Self) string {
	if !draw.Finite(s.CPUPercent) || s.CPUPercent < 0 || s.CPUPercent == 0 && s.RSSBytes == 0 {
		return draw.Missing
	}
	return draw.Num(s.CPUPercent, 1) + " % CPU"
}

func sizeOrMissing(b int64) string {
	if b <= 0 {
		return draw.Missing
	}
	return draw.Size(float64(b))
}

// RunOver reports whether the session does and answers nothing any more.
func RunOver(v *view.View) bool {
	return v.Replay == nil && (v.Phase == view.PhaseDone || v.Phase == view.PhaseFailed)
}
