package draw

import "strings"

// plainGlyphs stand in where only ASCII can be shown.
var plainGlyphs = strings.NewReplacer(
	"╭", "+", "╮", "+", "╰", "+", "╯", "+", "┏", "+", "┓", "+", "┗", "+", "┛", "+", "┤", "|", "┬", "+", "┊", ":",
	"─", "-", "│", "|", "━", "=", "┃", "|", "╌", "-", "╎", ":", "▁", ".", "▂", ".", "▃", ":", "▄", ":", "▅", "|", "▆", "|", "▇", "#", "█", "#", "▒", "%", "░", ".",
	"▀", "#", "▔", "'", "┼", "+", "╵", "|", "■", "#", "□", ".", "◇", "o", "◆", "*", "▲", "^", "△", "^", "●", "*", "○", "o", "┄", "-", "Δ", "d", "◐", "*", "◌", ".", "▼", "v", "▾", "v", "▴", "^", "✕", "x", "✓", "+", "↻", "@", "‖", "=",
	"▪", "#", "▶", ">", "◂", "<", "▌", "|", "·", "-", "—", "-", "–", "-", "−", "-", "…", "~", "→", ">", "←", "<", "↑", "^", "↓", "v", "›", ">",
	"µ", "u", "×", "x", "±", "+", "≤", "<", "≥", ">", "≠", "#", "°", " ", "≈", "~",
)

// AsciiOnly replaces every character beyond ASCII by one of the same width.
func AsciiOnly(s string) string {
	s = plainGlyphs.Replace(s)
	return strings.Map(func(r rune) rune {
		if r < 0x80 {
			return r
		}
		return '?'
	}, s)
}
