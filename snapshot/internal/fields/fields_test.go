package fields

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/stats"
)

// The names and their order are those of the JSON form.
func TestNamesAreThoseOfJSON(t *testing.T) {
	for _, v := range []any{stats.GroupSummary{}, &stats.PairSummary{}, stats.CauseSummary{}, struct {
		A int `json:"a"`
		stats.CauseSummary
		Left int `json:"-"`
		Bare int
	}{}} {
		raw := must.Get(json.Marshal(v))(t)
		d := json.NewDecoder(bytes.NewReader(raw))
		must.Get(d.Token())(t)
		var want, got []string
		for d.More() {
			k := must.Get(d.Token())(t)
			want = append(want, k.(string))
			var x json.RawMessage
			must.OK(t, d.Decode(&x))
		}
		for k := range Of(v) {
			got = append(got, k)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%T: %v, JSON has %v", v, got, want)
		}
	}
	for range Of((*stats.GroupSummary)(nil)) {
		t.Error("a field of nothing")
	}
}
