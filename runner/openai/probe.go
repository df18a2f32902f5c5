package openai

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tailscope/tailscope/runner/plain"
)

// Server is one server under load, and what was found out about it.
type Server struct {
	URL   string // without a slash at its end
	Model string
	http  *http.Client
	key   string

	chat      bool // no /v1/completions: chat
	ids       bool // prompts are token ids
	fixed     bool // takes ignore_eos and min_tokens: output lengths are exact
	usage     bool // takes stream_options
	metrics   string
	Identity  Identity
	perPrompt float64 // prompt tokens a word of text, by the trial; 0: not known
	logAt     int64   // where its log ended before it was asked anything
}

// Identity is what a server says of itself. A key that it does not say is
// absent. The keys are those of identityKeys.
type Identity map[string]string

// identityKeys are what makes two servers comparable, in the order shown, with
// the names that servers give them: /v1/models, /server_info,
// /get_server_info, /version.
var identityKeys = []struct {
	name   string
	theirs []string
}{
	{"server", []string{"server"}},
	{"version", []string{"version"}},
	{"model", []string{"model_path", "root", "model", "served_model_name"}},
	{"dtype", []string{"dtype"}},
	{"quantization", []string{"quantization"}},
	{"eager", []string{"enforce_eager", "disable_cuda_graph"}},
	{"compile", []string{"enable_torch_compile", "compilation_mode"}},
	{"capture sizes", []string{"cudagraph_capture_sizes", "cuda_graph_bs", "cuda_graph_bs_decode"}},
	{"largest captured", []string{"max_cudagraph_capture_size", "cuda_graph_max_bs"}},
	{"graph mode", []string{"cudagraph_mode"}},
	{"speculative", []string{"speculative_config", "speculative_algorithm"}},
	{"prefix caching", []string{"enable_prefix_caching", "disable_radix_cache"}},
	{"tensor parallel", []string{"tensor_parallel_size", "tp_size"}},
	{"max length", []string{"max_model_len", "context_length"}},
	{"most requests", []string{"max_num_seqs", "max_running_requests"}},
	{"async scheduling", []string{"async_scheduling"}},
}

// NewServer makes the client of a server. conns is how many connections it
// may hold open.
func NewServer(url, model, key string, conns int) *Server {
	url = strings.TrimRight(url, "/")
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	return &Server{URL: strings.TrimSuffix(url, "/v1"), Model: model, key: key, Identity: Identity{}, http: &http.Client{
		CheckRedirect: func(to *http.Request, via []*http.Request) error { // another server would be measured, and get the prompts
			if u := via[0].URL; via[0].Method == http.MethodGet && to.URL.Scheme == u.Scheme && to.URL.Host == u.Host && len(via) < 4 {
				return nil // another page of the same one, as /metrics/
			}
			return fmt.Errorf("it redirects to %s: give that address", to.URL.Redacted())
		},
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: dialStamped, MaxIdleConns: 2 * conns, MaxIdleConnsPerHost: conns + 8, IdleConnTimeout: 90 * time.Second,
			DisableCompression: true}}}
}

func (s *Server) dress(req *http.Request) {
	req.Header.Set("Content-Type", "application/json")
	if s.key != "" {
		req.Header.Set("Authorization", "Bearer "+s.key)
	}
}

// get reads a page, at most 16 MiB of it.
func (s *Server) get(ctx context.Context, path string) ([]byte, http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+path, nil)
	if err != nil {
		return nil, nil, err
	}
	s.dress(req)
	resp, err := s.http.Do(req)
	if err != nil {
		return nil, nil, errors.New(plainError(err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("HTTP %d", resp.StatusCode)
	}
	return body, resp.Header, err
}

// Identify asks a server what it is. An error means that nothing answers.
func (s *Server) Identify(ctx context.Context) error {
	body, header, err := s.get(ctx, "/v1/models")
	if err != nil && header == nil {
		return fmt.Errorf("nothing answers at %s: %w", s.URL, err)
	}
	if server := header.Get("Server"); server != "" && server != "uvicorn" {
		s.Identity["server"] = server
	}
	var models struct {
		Data []map[string]any `json:"data"`
	}
	if err == nil && json.Unmarshal(body, &models) == nil && len(models.Data) > 0 {
		m := models.Data[0]
		for _, d := range models.Data {
			if d["id"] == s.Model {
				m = d
			}
		}
		if id, _ := m["id"].(string); s.Model == "" {
			s.Model = id
		}
		if by, _ := m["owned_by"].(string); by != "" {
			s.Identity["server"] = by
		}
		s.learn(m)
	}
	for _, path := range []string{"/version", "/get_server_info", "/server_info", "/info"} {
		if body, _, err := s.get(ctx, path); err == nil {
			var v any
			if json.Unmarshal(body, &v) == nil {
				s.learn(v)
			}
			if path == "/get_server_info" {
				s.Identity["server"] = "sglang"
			}
		}
	}
	if body, _, err := s.get(ctx, "/metrics"); err == nil {
		s.metrics = "/metrics"
		if of := serverOf(ParseMetrics(string(body))); of != "" {
			s.Identity["server"] = of
		}
	}
	s.Identity["model"] = cmp.Or(s.Identity["model"], s.Model)
	return nil
}

// learn picks the known keys out of a JSON value, at any depth; the first
// value of a key stays.
func (s *Server) learn(v any) {
	switch x := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(x)) {
			s.note(k, x[k])
			if _, scalar := x[k].(string); !scalar {
				s.learn(x[k])
			}
		}
	case []any:
		for _, e := range x {
			if _, ok := e.(map[string]any); ok {
				s.learn(e)
			}
		}
	}
}

func (s *Server) note(key string, v any) {
	for _, k := range identityKeys {
		if s.Identity[k.name] != "" || v == nil || !slices.Contains(k.theirs, key) {
			continue
		}
		text := fmt.Sprint(v)
		switch x := v.(type) {
		case map[string]any:
			b, _ := json.Marshal(x)
			text = string(b)
		case float64:
			text = strconv.FormatFloat(x, 'g', -1, 64)
		}
		text = strings.TrimPrefix(text, "torch.")
		if text == "True" || text == "False" { // Python's, of a log
			text = strings.ToLower(text)
		}
		if on, err := strconv.ParseBool(text); err == nil && key == "disable_radix_cache" { // prefix caching, the other way round
			text = strconv.FormatBool(!on)
		}
		if text != "" {
			s.Identity[k.name] = text
		}
	}
}

// Differences lists what two servers say differently, and what only one says.
func Differences(a, b Identity) (differ, unknown []string) {
	for _, k := range identityKeys {
		x, y := a[k.name], b[k.name]
		switch {
		case x == y:
		case x == "" || y == "":
			unknown = append(unknown, k.name)
		default:
			differ = append(differ, fmt.Sprintf("%s %s / %s", k.name, short(x), short(y)))
		}
	}
	return differ, unknown
}

func short(s string) string { return plain.Clip(s, 60) }

// String is a server in a line.
func (i Identity) String() string {
	var parts []string
	for _, k := range identityKeys {
		if v := i[k.name]; v != "" {
			parts = append(parts, k.name+" "+short(v))
		}
	}
	return strings.Join(parts, ", ")
}

// Try finds out which requests a server takes, from the fullest to the
// plainest, with one short request each. api is "", "completions" or "chat".
// All of them together take at most limit; waits is told once a second for how
// long one has had no answer.
func (s *Server) Try(ctx context.Context, api string, limit time.Duration, waits func(time.Duration)) error {
	trial, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var last string
	for _, t := range []Server{
		{ids: true, fixed: true, usage: true}, {ids: true, usage: true}, {fixed: true, usage: true}, {usage: true}, {},
		{chat: true, fixed: true, usage: true}, {chat: true, usage: true}, {chat: true},
	} {
		if api != "" && (api == "chat") != t.chat {
			continue
		}
		s.chat, s.ids, s.fixed, s.usage = t.chat, t.ids, t.fixed, t.usage
		j := job{tokens: 8, newTokens: 2, seed: 1}
		answered := eachSecond(waits)
		r := s.ask(trial, j)
		answered()
		if r.err == "" && (len(r.contentNs) > 0 || r.tokens > 0 || r.finish != "") { // two tokens may be no text yet
			if r.prompt > 0 && !s.ids {
				s.perPrompt = float64(r.prompt) / 8
			}
			return nil
		}
		if trial.Err() != nil && ctx.Err() == nil {
			return fmt.Errorf("%s did not end its answer to the trial request (%s) within %s: %d chunks with text came, %d tokens were asked for", s.URL, s.says(), limit, len(r.contentNs), j.newTokens)
		}
		last = cmp.Or(r.err, "the stream held no text")
	}
	return fmt.Errorf("%s answers no request: %s", s.URL, last)
}

// eachSecond tells for how long something has lasted, until it is done.
func eachSecond(tell func(time.Duration)) (done func()) {
	began, tick, end := time.Now(), time.NewTicker(time.Second), make(chan struct{})
	var told sync.WaitGroup
	told.Go(func() {
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				tell(time.Since(began))
			case <-end:
				return
			}
		}
	})
	return func() { close(end); told.Wait() }
}

// says is the way requests are made, in words.
func (s *Server) says() string {
	w := "completions"
	if s.chat {
		w = "chat"
	}
	for _, f := range []struct {
		on   bool
		word string
	}{{s.ids, "token ids"}, {!s.ids, "text"}, {s.fixed, "fixed output length"}, {s.usage, "usage"}} {
		if f.on {
			w += ", " + f.word
		}
	}
	return w
}
