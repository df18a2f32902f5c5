package stats

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

func TestNumRoundTrip(t *testing.T) {
	for _, v := range []Num{0, 1.5, 1e-9, Num(math.NaN()), Num(math.Inf(1))} {
		b := must.Get(json.Marshal(v))(t)
		var got Num
		must.OK(t, json.Unmarshal(b, &got))
		if missing := math.IsNaN(float64(v)) || math.IsInf(float64(v), 0); got.Missing() != missing || !missing && got != v {
			t.Errorf("%v became %s and %v", float64(v), b, float64(got))
		}
	}
}
