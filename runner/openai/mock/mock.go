package mock

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/tailscope/tailscope/runner/clock"
)

// Fault is what goes wrong with one request.
type Fault string

// The faults.
const (
	None      Fault = ""
	SlowFirst Fault = "slow first byte" // ten times the TTFT
	Cut       Fault = "cut"             // the connection closes in the middle
	TooMany   Fault = "429"
	Broken    Fault = "500"
	BadUTF8   Fault = "invalid UTF-8"
	BadJSON   Fault = "a chunk that is no JSON"
	Reset     Fault = "reset" // closed before an answer
	Clumped   Fault = "four tokens a chunk"
	InStream  Fault = "error in the stream"
)

// Server is the mock; its zero value answers at once.
type Server struct {
	TTFT, ITL time.Duration
	Fault     func(n int) Fault // of the n-th request, 0-based; nil: none
	Info      map[string]any    // /server_info; nil: 404
	NoIDs     bool              // refuses token ids
	ChatOnly  bool
	NoUsage   bool
	Model     string

	mu      sync.Mutex
	n       int
	written map[int]*Times // by request
	Running int
	Peak    int
	metrics string
	scraped int
}

// Times are when a request came and when its chunks with content were
// written, CLOCK_MONOTONIC in nanoseconds.
type Times struct {
	CameNs  int64
	Chunks  []int64
	Fault   Fault
	Prompt  int
	Refused bool
}

// SetMetrics sets what /metrics says.
func (s *Server) SetMetrics(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.metrics = text
}

// Scraped is how often /metrics was read.
func (s *Server) Scraped() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.scraped
}

// Written returns the times of every completion so far, in the order they came.
func (s *Server) Written() []Times {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Times, 0, s.n)
	for i := range s.n {
		if t := s.written[i]; t != nil {
			out = append(out, *t)
		}
	}
	return out
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/v1/models":
		model := s.Model
		if model == "" {
			model = "mock-1b"
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": []any{map[string]any{"id": model, "owned_by": "mock", "max_model_len": 4096}}})
	case "/server_info":
		if s.Info == nil {
			http.NotFound(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(s.Info)
	case "/metrics":
		s.mu.Lock()
		defer s.mu.Unlock()
		s.scraped++
		fmt.Fprint(w, s.metrics)
	case "/v1/completions":
		if s.ChatOnly {
			http.NotFound(w, r)
			return
		}
		s.complete(w, r, false)
	case "/v1/chat/completions":
		s.complete(w, r, true)
	default:
		http.NotFound(w, r)
	}
}

// ask is what is read of a request.
type ask struct {
	Prompt    any  `json:"prompt"`
	MaxTokens int  `json:"max_tokens"`
	Stream    bool `json:"stream"`
}

func (s *Server) complete(w http.ResponseWriter, r *http.Request, chat bool) {
	came := clock.Monotonic()
	var a ask
	if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ids, isIDs := a.Prompt.([]any)
	s.mu.Lock()
	n := s.n
	s.n++
	t := &Times{CameNs: came, Prompt: len(ids), Refused: isIDs && s.NoIDs}
	if s.Fault != nil {
		t.Fault = s.Fault(n)
	}
	if s.written == nil {
		s.written = map[int]*Times{}
	}
	s.written[n] = t
	s.Running++
	s.Peak = max(s.Peak, s.Running)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.Running--
		s.mu.Unlock()
	}()
	switch {
	case t.Refused:
		http.Error(w, `{"error":{"message":"prompt must be a string"}}`, http.StatusBadRequest)
	case t.Fault == TooMany:
		http.Error(w, `{"error":{"message":"slow down"}}`, http.StatusTooManyRequests)
	case t.Fault == Broken:
		http.Error(w, "it broke", http.StatusInternalServerError)
	case t.Fault == Reset:
		panic(http.ErrAbortHandler)
	default:
		s.stream(w, r, &a, t, chat)
	}
}

func (s *Server) stream(w http.ResponseWriter, r *http.Request, a *ask, t *Times, chat bool) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	flush := w.(http.Flusher).Flush
	wait := s.TTFT
	if t.Fault == SlowFirst {
		wait *= 10
	}
	group := 1
	if t.Fault == Clumped {
		group = 4
	}
	for i := 0; i < a.MaxTokens; i += group {
		if wait > 0 {
			select {
			case <-time.After(wait):
			case <-r.Context().Done():
				return
			}
		}
		wait = s.ITL * time.Duration(group)
		text := fmt.Sprintf(`"tok%d "`, i)
		switch {
		case i == a.MaxTokens/2 && t.Fault == Cut:
			panic(http.ErrAbortHandler)
		case i == a.MaxTokens/2 && t.Fault == BadUTF8:
			text = "\"\xff\xfe\""
		case i == a.MaxTokens/2 && t.Fault == BadJSON:
			text = `"unended`
		case i == a.MaxTokens/2 && t.Fault == InStream:
			fmt.Fprint(w, "data: {\"error\":{\"message\":\"out of blocks\"}}\n\n")
		}
		format := "data: {\"choices\":[{\"text\":%s}]}\n\n"
		if chat {
			format = "data: {\"choices\":[{\"delta\":{\"content\":%s}}]}\n\n"
		}
		now := clock.Monotonic()
		fmt.Fprintf(w, format, text)
		flush()
		s.mu.Lock()
		t.Chunks = append(t.Chunks, now)
		s.mu.Unlock()
	}
	fmt.Fprint(w, "data: {\"choices\":[{\"text\":\"\",\"finish_reason\":\"length\"}]}\n\n")
	if !s.NoUsage {
		fmt.Fprintf(w, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d}}\n\n", max(t.Prompt, 8), a.MaxTokens)
	}
	fmt.Fprint(w, "data: [DONE]\n\n")
	flush()
}
