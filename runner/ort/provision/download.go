package provision

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"time"
)

// client gives up on a server that does not answer; a transfer may take as
// long as its context lets it.
var client = &http.Client{Transport: &http.Transport{
	Proxy:                 http.ProxyFromEnvironment,
	ForceAttemptHTTP2:     true,
	TLSHandshakeTimeout:   30 * time.Second,
	ResponseHeaderTimeout: time.Minute,
}}

// download writes a URL's body to a file below staging and returns its path.
// A body shorter than the server said is an error.
func download(ctx context.Context, p *progress, u *url.URL, staging string) (string, error) {
	name := path.Base(u.Path)
	if name == "." || name == "/" {
		name = "download"
	}
	dst := filepath.Join(staging, "download", name)
	if err := os.Mkdir(filepath.Dir(dst), 0o755); err != nil {
		return "", err
	}
	err := save(ctx, p, u, dst)
	p.clear()
	if ctx.Err() != nil {
		return "", fmt.Errorf("the download was stopped, nothing was put in place: %w", context.Cause(ctx))
	}
	if err != nil {
		return "", fmt.Errorf("download %s: %w", u.Redacted(), err)
	}
	return dst, nil
}

func save(ctx context.Context, p *progress, u *url.URL, dst string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the server says %s", resp.Status)
	}
	f, err := os.OpenFile(dst, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(&counted{f, p, "downloading " + filepath.Base(dst), resp.ContentLength, 0}, resp.Body)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// counted shows how much went through it.
type counted struct {
	w     io.Writer
	p     *progress
	label string
	total int64 // -1: unknown
	done  int64
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.done += int64(n)
	c.p.at(c.label, c.done, c.total)
	return n, err
}
