package tui

import (
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/runner/view"
)

// putFields writes as many fields as fit into room cells, giving up those
// with the highest drop first, and keeps their order.
func putFields(l *line, st *styles, fs []field, room int) {
	kept := fs[:0:0]
	for _, f := range fs {
		if f.value != "" {
			f.value = clean(f.value)
			kept = append(kept, f)
		}
	}
	width := func() int {
		n := 0
		for _, f := range kept {
			n += cells(f.name) + cells(f.value) + 3
		}
		return n - 3
	}
	for len(kept) > 1 && width() > room {
		worst := 0
		for i, f := range kept {
			if f.drop >= kept[worst].drop {
				worst = i
			}
		}
		kept = append(kept[:worst], kept[worst+1:]...)
	}
	stop := l.w + room
	for i, f := range kept {
		if i > 0 {
			l.put(st.faint, " · ")
		}
		l.put(st.muted, fit(f.name, stop-l.w)).put(f.k, fit(f.value, stop-l.w))
	}
}

// phaseBadge is the word that leads the screen. What the screen shows may
// differ from what the session does: frozen and past come first.
func phaseBadge(sc *scene) (string, ink) {
	st := sc.st
	switch {
	case sc.v.Replay != nil && !sc.v.Replay.Playing:
		return "‖ REPLAY", st.badgeWarn
	case sc.v.Replay != nil:
		return "▶ REPLAY", st.badge
	case sc.past != 0:
		return "◂ PAST", st.badgeWarn
	case sc.frozen:
		return "▪ FROZEN", st.badgeWarn
	case sc.stale > 0:
		return "? STALE " + brief(float64(sc.stale)), st.badgeBad
	}
	switch sc.v.Phase {
	case view.PhaseRunning:
		return "● RUNNING", st.badge
	case view.PhaseWarmup:
		return "◐ WARM-UP", st.badgeWarn
	case view.PhasePaused:
		return "‖ PAUSED", st.badgeWarn
	case view.PhaseRestart:
		return "↻ RESTARTING", st.badgeBad
	case view.PhaseDone:
		return "✓ DONE", st.badge
	case view.PhaseFailed:
		return "✕ FAILED", st.badgeBad
	}
	return "◌ STARTING", st.badgeWarn
}

func orMissing(s string) string {
	if s == "" {
		return missing
	}
	return s
}

func strategyText(s *view.Session) string {
	if s.AA {
		return "A/A"
	}
	return s.Strategy
}

func providerText(s *view.Session) string {
	if s.Provider == "" && s.ProviderAsked == "" {
		return ""
	}
	if s.ProviderAsked != "" && s.ProviderAsked != s.Provider {
		return s.ProviderAsked + " → " + orMissing(s.Provider)
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
	return "closed loop"
}

// sloLevel is the service level, "" without one.
func sloLevel(s *view.Session) string {
	if s.SLO <= 0 {
		return ""
	}
	return span(s.SLO)
}

func threadsText(n int) string {
	if n <= 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func generationText(g int32) string {
	if g <= 0 {
		return ""
	}
	return strconv.Itoa(int(g))
}

// cpuText is what the UI process takes of one core; a process that has no
// memory either has not been looked at.
func cpuText(s *view.Self) string {
	if !finite(s.CPUPercent) || s.CPUPercent < 0 || s.CPUPercent == 0 && s.RSSBytes == 0 {
		return missing
	}
	return num(s.CPUPercent, 1) + " % CPU"
}

func sizeOrMissing(b int64) string {
	if b <= 0 {
		return missing
	}
	return size(float64(b))
}

func frameText(s *view.Self) string {
	if s.RenderP99 <= 0 {
		return missing
	}
	return brief(float64(s.RenderP99))
}

func join(lines []string) string { return strings.Join(lines, "\n") }
