package provision

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// nodeFetch loads argv[1] into the file argv[2].
const nodeFetch = `fetch(process.argv[1]).then(r => {
	if (!r.ok) throw new Error("the server says " + r.status + " " + r.statusText)
	const to = require("fs").createWriteStream(process.argv[2], {flags: "wx"})
	return require("stream/promises").pipeline(require("stream").Readable.fromWeb(r.body), to)
}).catch(e => { console.error(String(e.cause || e)); process.exit(1) })`

// download writes a URL's body to a file below staging. The user's curl loads
// it, or Node, which comes with npm: an HTTP client of our own would be a
// tenth of what the first build compiles, for what hardly anybody asks.
func download(ctx context.Context, p *progress, u *url.URL, staging string) (string, error) {
	name := path.Base(u.Path)
	if name == "." || name == "/" {
		name = "download"
	}
	dir := filepath.Join(staging, "download")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	dst := filepath.Join(dir, name)
	cmd, err := fetcher(ctx, u, dst)
	if err != nil {
		return "", err
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 3 * time.Second
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("download: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	err = grow(p, "downloading "+name, dst, done)
	p.clear()
	if ctx.Err() != nil {
		return "", fmt.Errorf("the download was stopped, nothing was put in place: %w", context.Cause(ctx))
	}
	if err != nil {
		if text := strings.TrimSpace(stderr.String()); text != "" {
			first, _, _ := strings.Cut(text, "\n")
			err = errors.New(first)
		}
		return "", fmt.Errorf("download %s: %w", u.Redacted(), err)
	}
	return dst, nil
}

// fetcher is the command that loads u into the file dst.
func fetcher(ctx context.Context, u *url.URL, dst string) (*exec.Cmd, error) {
	if curl, err := exec.LookPath("curl"); err == nil {
		return exec.CommandContext(ctx, curl, "--fail", "--location", "--silent", "--show-error", "--proto", "=http,https",
			"--connect-timeout", "60", "--output", dst, u.String()), nil
	}
	if node, err := exec.LookPath("node"); err == nil {
		return exec.CommandContext(ctx, node, "-e", nodeFetch, u.String(), dst), nil
	}
	return nil, errors.New("neither curl nor node is here to load a URL: load it yourself and give its path to --from")
}

// grow shows how large file has become until done.
func grow(p *progress, label, file string, done <-chan error) error {
	tick := time.NewTicker(150 * time.Millisecond)
	defer tick.Stop()
	p.at(label, 0, 0)
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			if st, err := os.Stat(file); err == nil {
				p.at(label, st.Size(), 0)
			}
		}
	}
}
