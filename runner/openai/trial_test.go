package openai

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestATrialEnds: a server that hangs, or streams for ever, at the first
// request is given up by its time limit, and said to be waited for.
func TestATrialEnds(t *testing.T) {
	t.Parallel()
	for what, want := range map[string]string{"hangs": ": 0 chunks with text came, 2 tokens were asked for", "streams": " chunks with text came, 2 tokens were asked for"} {
		mux := http.NewServeMux()
		mux.HandleFunc("/v1/models", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"data":[{"id":"m"}]}`) })
		mux.HandleFunc("/v1/completions", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // only then is it seen that the other side went
			for {
				select {
				case <-r.Context().Done():
					return
				case <-time.After(50 * time.Millisecond):
				}
				if what == "streams" {
					fmt.Fprint(w, "data: {\"choices\":[{\"text\":\"a\"}]}\n\n")
					_ = http.NewResponseController(w).Flush()
				}
			}
		})
		web := httptest.NewServer(mux)
		var out bytes.Buffer
		began := time.Now()
		err := Serve(t.Context(), strings.NewReader(`{"t":"load","model":"x"}`+"\n"), &out, Options{URLs: []string{web.URL}, Timeout: 1500 * time.Millisecond})
		web.Close()
		took := time.Since(began)
		if err == nil || !strings.HasPrefix(err.Error(), web.URL+" did not end its answer to the trial request (completions, token ids, fixed output length, usage) within 1.5s: ") || !strings.HasSuffix(err.Error(), want) || took > 20*time.Second {
			t.Errorf("%s: after %v: %v", what, took, err)
		}
		for _, words := range []string{"loading: no answer of " + web.URL + " to the trial request for 1 s", `"fatal":true`} {
			if !strings.Contains(out.String(), words) {
				t.Errorf("%s: nothing says %q:\n%s", what, words, out.String())
			}
		}
	}
}
