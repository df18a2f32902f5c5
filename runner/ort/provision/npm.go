package provision

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/tailscope/tailscope/runner/guard"
	"github.com/tailscope/tailscope/runner/sys"
)

const howElse = "run 'tailscope setup --from PATH' with a library, a release archive (.tgz) or a wheel, or name a library with " + EnvLibrary

// npmPack has the user's npm client fetch a package, name@version of about size
// bytes, into a folder below staging and returns the tarball. npm checks its
// integrity; its own configuration says where it comes from.
func npmPack(ctx context.Context, p *progress, staging, spec string, size int64) (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", fmt.Errorf("%w, nor is npm, which would fetch it: install npm, or %s", ErrNotFound, howElse)
	}
	dir, err := os.MkdirTemp(staging, "npm")
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, npm, "pack", spec, "--ignore-scripts", "--prefer-offline", "--loglevel=error",
		"--no-update-notifier", "--fetch-retries=1", "--fetch-retry-mintimeout=1000")
	cmd.Dir = dir
	// npm tells nothing while it loads, but the file that it writes into its cache grows.
	began, incoming, where := time.Now(), "", make(chan string, 1)
	guard.Go("ask npm for its cache", func() {
		if out, err := exec.CommandContext(ctx, npm, "config", "get", "cache").Output(); err == nil {
			where <- filepath.Join(strings.TrimSpace(string(out)), "_cacache", "tmp")
		}
	})
	have := func() int64 {
		select {
		case incoming = <-where:
		default:
		}
		return max(newest(dir, began), newest(incoming, began))
	}
	t := transfer{"ONNX Runtime", "fetching ONNX Runtime " + spec[strings.LastIndexByte(spec, '@')+1:] + " with npm", "npm", size}
	p.at(t.label, 0, size)
	if err := t.run(ctx, p, cmd, have, npmError); err != nil {
		return "", err
	}
	p.at(t.label, size, size)
	p.clear()
	found, _ := filepath.Glob(filepath.Join(sys.EscapeGlob(dir), "*.tgz"))
	if len(found) != 1 {
		return "", fmt.Errorf("npm pack ended well and left %d tarballs, want 1; %s", len(found), howElse)
	}
	return found[0], nil
}

// newest returns the size of the largest file in dir written since began.
func newest(dir string, began time.Time) int64 {
	if dir == "" {
		return 0
	}
	var size int64
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && info.Mode().IsRegular() && info.ModTime().After(began) {
			size = max(size, info.Size())
		}
	}
	return size
}

var npmLine = regexp.MustCompile(`(?m)^npm (?:error|ERR!) (.*)$`)

// offline lists npm's codes for a network that is not there.
var offline = map[string]bool{"ENOTFOUND": true, "EAI_AGAIN": true, "ECONNREFUSED": true, "ECONNRESET": true, "ETIMEDOUT": true,
	"ENETUNREACH": true, "EHOSTUNREACH": true, "ENOTCACHED": true, "ERR_SOCKET_TIMEOUT": true, "FETCH_ERROR": true, "ECONNABORTED": true}

// npmError makes one sentence of npm's complaint.
func npmError(err error, stderr string) error {
	var code, text string
	for _, m := range npmLine.FindAllStringSubmatch(stderr, -1) {
		line := strings.TrimSpace(m[1])
		if c, ok := strings.CutPrefix(line, "code "); ok && code == "" {
			code = c
			continue
		}
		if text == "" && line != "" && !strings.HasPrefix(line, "syscall ") && !strings.HasPrefix(line, "errno ") {
			text = line
		}
	}
	if offline[code] {
		return fmt.Errorf("%w and npm cannot reach its registry (%s): connect once, or %s", ErrNotFound, code, howElse)
	}
	if code == "" && text == "" {
		text = err.Error()
	}
	return fmt.Errorf("%w and npm could not fetch it (%s): %s", ErrNotFound, strings.TrimSpace(code+" "+text), howElse)
}
