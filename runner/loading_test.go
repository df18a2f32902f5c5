package runner

import (
	"testing"
	"time"

	"github.com/tailscope/tailscope/runner/view"
)

// While it loads, the status is how long it has taken, and with what the engine
// says it is busy.
func TestStatusWhileLoading(t *testing.T) {
	loading := view.Doing{What: view.WorkLoad, For: 3 * time.Second}
	for status, want := range map[string]string{
		"loading the model":                           "loading the model for 3.0 s",
		"loading: drawing the weights of builtin:big": "loading the model for 3.0 s: drawing the weights of builtin:big",
	} {
		s := &Session{status: status}
		if got := s.statusNow(loading); got != want {
			t.Errorf("%q: %q, want %q", status, got, want)
		}
	}
}
