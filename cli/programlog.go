package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/tailscope/tailscope/runner/plain"
)

// programLog is the file in a session folder that holds what the program
// under exec printed while the screen had the terminal.
const programLog = "program.log"

// shownOutput is how much of the end of it the screen can show.
const shownOutput = 256 << 10

// programOutput returns what reads the newest lines of a session's program,
// without what a terminal would obey; nil where it printed into no file.
func programOutput(dir string) func() []string {
	path := filepath.Join(dir, programLog)
	if st, err := os.Stat(path); err != nil || !st.Mode().IsRegular() {
		return nil
	}
	return func() []string {
		text, cut := tailOf(path, shownOutput)
		lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
		if cut {
			lines = lines[1:] // its beginning is missing
		}
		if len(lines) == 1 && lines[0] == "" {
			return nil
		}
		for i, l := range lines {
			if j := strings.LastIndexByte(strings.TrimRight(l, "\r"), '\r'); j >= 0 {
				l = l[j+1:] // what a progress bar wrote last
			}
			lines[i] = plain.Line(strings.ReplaceAll(ansi.Strip(strings.ToValidUTF8(l, "\ufffd")), "\t", "    "))
		}
		return lines
	}
}

// tailOf reads the last n bytes of a file; cut tells that there is more before.
func tailOf(path string, n int64) (text string, cut bool) {
	f, err := os.Open(path)
	if err != nil {
		return "", false
	}
	defer f.Close()
	if size, err := f.Seek(0, io.SeekEnd); err == nil && size > n {
		cut = true
		_, _ = f.Seek(-n, io.SeekEnd)
	} else {
		_, _ = f.Seek(0, io.SeekStart)
	}
	b, _ := io.ReadAll(io.LimitReader(f, n))
	return string(b), cut
}
