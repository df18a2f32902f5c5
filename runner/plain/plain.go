package plain

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// bad says whether a terminal or a reader may obey r instead of showing it:
// control characters, marks of direction, separators of lines.
func bad(r rune) bool {
	switch {
	case r < 0x20 || r >= 0x7f && r < 0xa0:
		return true
	case r < 0x61c:
		return false
	case r == 0x61c, r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r == 0xfeff, r >= 0xfff9 && r <= 0xfffb:
		return true
	}
	return r >= 0xe0000 && r <= 0xe007f || unicode.Is(unicode.Cs, r) || r&0xfffe == 0xfffe
}

// Line is s on one line: what must not be obeyed becomes a space, bytes that
// are no text become U+FFFD.
func Line(s string) string { return clean(s, "") }

// Text is Line, but line ends and tabs stay.
func Text(s string) string { return clean(s, "\n\t") }

func clean(s, but string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return bad(r) && !strings.ContainsRune(but, r) }) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if bad(r) && !strings.ContainsRune(but, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// Clip is s, or its first n bytes, as far as they are whole characters, and an
// ellipsis.
func Clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// Out passes text on as Text does.
type Out struct {
	w    io.Writer
	rest []byte // the beginning of a character
	err  error
}

// Writer passes text on to w.
func Writer(w io.Writer) *Out { return &Out{w: w} }

// Err is the first error of writing: whoever prints line by line asks once.
func (p *Out) Err() error { return p.err }

// Under is the writer below, for one who asks what it is.
func (p *Out) Under() io.Writer { return p.w }

// Write implements io.Writer.
func (p *Out) Write(b []byte) (int, error) {
	all := append(p.rest, b...)
	whole := len(all)
	for i := 1; i < utf8.UTFMax && i <= len(all); i++ {
		if c := all[len(all)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(all[len(all)-i:]) {
				whole = len(all) - i
			}
			break
		}
	}
	text := Text(string(all[:whole]))
	p.rest = bytes.Clone(all[whole:])
	if _, err := io.WriteString(p.w, text); err != nil {
		if p.err == nil {
			p.err = err
		}
		return 0, err
	}
	return len(b), nil
}

// JSON writes in b, which is JSON, as escapes what encoding/json leaves as it
// is. The data are the same.
func JSON(b []byte) []byte {
	is := func(r rune) bool { return bad(r) && r >= 0x7f }
	if bytes.IndexFunc(b, is) < 0 {
		return b
	}
	var out []byte
	for _, r := range string(b) {
		switch {
		case !is(r):
			out = utf8.AppendRune(out, r)
		case r > 0xffff:
			r -= 0x10000
			out = escape(escape(out, 0xd800+r>>10), 0xdc00+r&0x3ff)
		default:
			out = escape(out, r)
		}
	}
	return out
}

func escape(b []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}

// JSONWriter passes whole JSON documents on to w as JSON does.
func JSONWriter(w io.Writer) io.Writer { return jsonWriter{w} }

type jsonWriter struct{ w io.Writer }

// Write implements io.Writer.
func (j jsonWriter) Write(b []byte) (int, error) {
	if _, err := j.w.Write(JSON(b)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Cell is s as a field of CSV that no spreadsheet takes for a formula: an
// apostrophe stands before what would be one. Cell(Uncell(x)) is x.
func Cell(s string) string {
	s = Line(s)
	if formula(s) {
		return "'" + s
	}
	return s
}

// Uncell takes away the apostrophe of Cell.
func Uncell(s string) string {
	if strings.HasPrefix(s, "'") && formula(s[1:]) {
		return s[1:]
	}
	return s
}

func formula(s string) bool {
	rest := strings.TrimLeft(s, "' ")
	if rest == "" || !strings.ContainsRune("=+-@", rune(rest[0])) {
		return false
	}
	_, err := strconv.ParseFloat(s, 64)
	return err != nil
}
