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
