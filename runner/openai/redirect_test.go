package openai

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestARedirectIsNotFollowed: another server than the one that was named gets no
// prompt, and is not measured in its place.
func TestARedirectIsNotFollowed(t *testing.T) {
	asked := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer other.Close()
	named := httptest.NewServer(http.RedirectHandler(other.URL+"/v1/models", http.StatusTemporaryRedirect))
	defer named.Close()
	_, _, err := NewServer(named.URL, "m", "", 1).get(t.Context(), "/v1/models")
	if err == nil || asked > 0 || !strings.Contains(err.Error(), "it redirects to "+other.URL) {
		t.Errorf("asked %d times: %v", asked, err)
	}
}

// TestAPageOfTheSameServerIsFollowed: servers that mount /metrics send to
// /metrics/. A prompt follows nowhere.
func TestAPageOfTheSameServerIsFollowed(t *testing.T) {
	asked := 0
	mux := http.NewServeMux()
	mux.HandleFunc("/metrics/", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("vllm:num_requests_running 1")) })
	mux.Handle("/metrics", http.RedirectHandler("/metrics/", http.StatusTemporaryRedirect))
	mux.Handle("/round", http.RedirectHandler("/round", http.StatusFound))
	mux.Handle("/v1/completions", http.RedirectHandler("/elsewhere", http.StatusFound))
	mux.HandleFunc("/elsewhere", func(http.ResponseWriter, *http.Request) { asked++ })
	web := httptest.NewServer(mux)
	defer web.Close()
	s := NewServer(web.URL, "m", "", 1)
	if body, _, err := s.get(t.Context(), "/metrics"); err != nil || !strings.Contains(string(body), "vllm:") {
		t.Errorf("%q, %v", body, err)
	}
	if _, _, err := s.get(t.Context(), "/round"); err == nil || !strings.Contains(err.Error(), "it redirects to") {
		t.Errorf("in a circle: %v", err)
	}
	if r := s.ask(t.Context(), job{tokens: 1}); asked > 0 || !strings.Contains(r.err, "it redirects to "+web.URL+"/elsewhere") {
		t.Errorf("asked %d times: %s", asked, r.err)
	}
}
