package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/user"
	"strings"

	"github.com/tailscope/tailscope/runner"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// anonymizer takes the names of this machine and its user out of what a session
// folder keeps.
type anonymizer struct{ r *strings.Replacer }

func newAnonymizer() anonymizer {
	var pairs []string
	add := func(name, instead string) {
		if len(name) > 2 && name != "root" {
			pairs = append(pairs, name, instead)
		}
	}
	home, _ := os.UserHomeDir()
	add(home, "~")
	host, _ := os.Hostname()
	add(host, "host")
	if u, err := user.Current(); err == nil {
		add("/"+u.Username+"/", "/user/")
	}
	return anonymizer{strings.NewReplacer(pairs...)}
}

// apply rewrites every text in v, a pointer to what JSON can carry.
func apply[T any](a anonymizer, v *T) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var anyValue any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&anyValue); err != nil {
		return err
	}
	if b, err = json.Marshal(a.walk(anyValue)); err != nil {
		return err
	}
	var out T
	if err := json.Unmarshal(b, &out); err != nil {
		return err
	}
	*v = out
	return nil
}

func (a anonymizer) walk(v any) any {
	switch x := v.(type) {
	case string:
		return a.r.Replace(x)
	case []any:
		for i := range x {
			x[i] = a.walk(x[i])
		}
	case map[string]any:
		for k := range x {
			x[k] = a.walk(x[k])
		}
	}
	return v
}

// anonymousSink is a session folder that is told no names.
type anonymousSink struct {
	runner.Sink
	anonymizer
}

func (s anonymousSink) Loaded(m protocol.Loaded) error {
	if err := apply(s.anonymizer, &m); err != nil {
		return err
	}
	return s.Sink.Loaded(m)
}

func (s anonymousSink) Evidence(e protocol.Evidence) error {
	if err := apply(s.anonymizer, &e); err != nil {
		return err
	}
	return s.Sink.Evidence(e)
}

func (s anonymousSink) Event(e *stats.Event) error {
	told := *e
	if err := apply(s.anonymizer, &told); err != nil {
		return err
	}
	return s.Sink.Event(&told)
}

// anonymousLog rewrites whole lines.
type anonymousLog struct {
	w    io.Writer
	a    anonymizer
	line []byte
}

const maxLogLine = 64 << 10

func (l *anonymousLog) Write(p []byte) (int, error) {
	l.line = append(l.line, p...)
	end := bytes.LastIndexByte(l.line, '\n') + 1
	if end == 0 && len(l.line) > maxLogLine {
		end = len(l.line)
	}
	if end > 0 {
		if _, err := io.WriteString(l.w, l.a.r.Replace(string(l.line[:end]))); err != nil {
			return 0, err
		}
		l.line = append(l.line[:0], l.line[end:]...)
	}
	return len(p), nil
}
