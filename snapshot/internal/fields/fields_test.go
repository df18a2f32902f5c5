package fields

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

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
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		d := json.NewDecoder(bytes.NewReader(raw))
		if _, err := d.Token(); err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for d.More() {
			k, err := d.Token()
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, k.(string))
			var x json.RawMessage
			if err := d.Decode(&x); err != nil {
				t.Fatal(err)
			}
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
