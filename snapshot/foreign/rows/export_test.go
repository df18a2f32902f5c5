package rows

import (
	"bufio"
	"bytes"

	"github.com/tailscope/tailscope/snapshot/internal/textio"
)

// Claims tells whether a format takes a file that begins with head for its own.
func Claims(f *Format, head []byte) bool {
	trimmed := bytes.TrimLeft(head, " \t\r\n")
	document := len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[')
	switch {
	case f.Head != nil:
		return f.Head(head)
	case f.Doc != nil && document:
		d, err := (&docs{in: &Input{Text: textOf(head)}}).next()
		return err == nil && f.Doc(d)
	case f.Table != nil && !document && len(trimmed) > 0 && head[0] != 0:
		t := textOf(head)
		line, err := firstLine(t)
		if err != nil {
			return false
		}
		fields, err := textio.SplitDelimited(nil, line, delimiterOf(line))
		return err == nil && f.Table.claims(fields)
	}
	return false
}

// textOf is the content b.
func textOf(b []byte) *Text {
	return &Text{Head: b, r: bufio.NewReaderSize(bytes.NewReader(b), HeadSize)}
}
