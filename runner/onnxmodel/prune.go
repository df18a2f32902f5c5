package onnxmodel

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tailscope/tailscope/runner/sys"
)

// sourceFile, in a prepared folder, holds the path of the model it was made of.
const sourceFile = "source"

// staleAfter is how long graphs of a model that has changed since are kept:
// a session that runs may still read them.
const staleAfter = 24 * time.Hour

// prune removes what was prepared from older states of the model at source,
// and from models that are no longer there.
func prune(root, keep, source string) {
	dirs, _ := filepath.Glob(filepath.Join(sys.EscapeGlob(root), "*", sourceFile))
	for _, file := range dirs {
		dir := filepath.Dir(file)
		st, err := os.Stat(file)
		if err != nil || dir == keep || time.Since(st.ModTime()) < staleAfter {
			continue
		}
		b, err := os.ReadFile(file)
		from := strings.TrimSpace(string(b))
		if err != nil || from == "" {
			continue
		}
		if _, err := os.Stat(from); from == source || os.IsNotExist(err) {
			os.RemoveAll(dir)
			os.Remove(dir + ".lock")
		}
	}
}

// needSpace fails early, in a sentence, where bytes do not fit under dir.
func needSpace(dir string, bytes int64) error {
	if free, ok := sys.FreeBytes(dir); ok && bytes > 0 && free < bytes { // else writing will tell
		return fmt.Errorf("%s has %d MB free, weights need %d MB there; set XDG_CACHE_HOME to a folder with room", dir, free/1e6, bytes/1e6+1)
	}
	return nil
}
