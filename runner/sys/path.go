package sys

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/adrg/xdg"
)

// CacheDir is a folder of tailscope's in the user's cache; nothing makes it.
func CacheDir(name string) string {
	home := os.Getenv("XDG_CACHE_HOME") // xdg reads it at start only; tests set it later
	if !filepath.IsAbs(home) {
		home = xdg.CacheHome
	}
	return filepath.Join(home, "tailscope", name)
}

// IsFile reports whether path is a regular file, links followed.
func IsFile(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode().IsRegular()
}

// EscapeGlob makes filepath.Glob take a name literally.
func EscapeGlob(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(s)
}
