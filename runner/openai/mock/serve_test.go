package mock

import (
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
)

// TestServe serves until it is killed, for trying attach by hand:
// TAILSCOPE_MOCK=127.0.0.1:8000 go test ./runner/openai/mock -run Serve
func TestServe(t *testing.T) {
	addr := os.Getenv("TAILSCOPE_MOCK")
	if addr == "" {
		t.Skip("set TAILSCOPE_MOCK to an address to serve there")
	}
	l := must.Get(net.Listen("tcp", addr))(t)
	itl := 2 * time.Millisecond
	if d, err := time.ParseDuration(os.Getenv("TAILSCOPE_MOCK_ITL")); err == nil {
		itl = d
	}
	s := &Server{TTFT: 5 * itl, ITL: itl, Info: map[string]any{"enforce_eager": itl > 2*time.Millisecond, "dtype": "bfloat16"}}
	s.SetMetrics("vllm:num_requests_running 1\nvllm:num_requests_waiting 0\nvllm:kv_cache_usage_perc 0.25\n")
	_ = http.Serve(l, s)
}
