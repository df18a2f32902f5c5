package provision

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

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
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, npm, "pack", spec, "--ignore-scripts", "--prefer-offline", "--loglevel=error",
		"--no-update-notifier", "--fetch-retries=1", "--fetch-retry-mintimeout=1000")
	cmd.Dir, cmd.Stderr = dir, &stderr
	sys.NewGroup(cmd)
	cmd.Cancel = func() error { return sys.EndGroup(cmd.Process.Pid) }
	cmd.WaitDelay = 3 * time.Second
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("start npm: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	label := "fetching ONNX Runtime " + spec[strings.LastIndexByte(spec, '@')+1:] + " with npm"
	err = watch(ctx, p, label, size, npm, dir, done)
	p.clear()
	if ctx.Err() != nil {
		return "", fmt.Errorf("fetching ONNX Runtime was stopped, nothing was put in place: %w", context.Cause(ctx))
	}
	if err != nil {
		return "", npmError(err, stderr.String())
	}
	found, _ := filepath.Glob(filepath.Join(sys.EscapeGlob(dir), "*.tgz"))
	if len(found) != 1 {
		return "", fmt.Errorf("npm pack ended well and left %d tarballs, want 1; %s", len(found), howElse)
	}
	return found[0], nil
}

// watch shows how much has come until npm ends. npm tells nothing while it
// loads, but the file that it writes into its cache grows.
func watch(ctx context.Context, p *progress, label string, size int64, npm, dir string, done <-chan error) error {
	p.at(label, 0, size)
	began := time.Now()
	where := make(chan string, 1)
	go func() {
		out, err := exec.CommandContext(ctx, npm, "config", "get", "cache").Output()
		if err != nil {
			return
		}
		where <- filepath.Join(strings.TrimSpace(string(out)), "_cacache", "tmp")
	}()
	tick := time.NewTicker(150 * time.Millisecond)
	defer tick.Stop()
	var incoming string
	var best int64
	for {
		select {
		case err := <-done:
			if err == nil {
				p.at(label, size, size)
			}
			return err
		case incoming = <-where:
		case <-tick.C:
			best = max(best, newest(dir, began), newest(incoming, began))
			p.at(label, min(best, size*99/100), size)
		}
	}
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
		if errors.Is(err, fs.ErrNotExist) || err != nil {
			continue
		}
		if info.Mode().IsRegular() && info.ModTime().After(began) {
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
