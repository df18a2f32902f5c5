package plan

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/tailscope/tailscope/internal/must"
)

func TestStrategyRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := Strategy{rapid.SampledFrom(PrefillWords).Draw(rt, "prefill"), rapid.SampledFrom(decodeWords).Draw(rt, "decode")}
		if back, err := ParseStrategy(s.String()); err != nil || back != s {
			rt.Fatalf("%v prints as %q and reads back as %v, %v", s, s.String(), back, err)
		}
	})
}

func TestStrategyWords(t *testing.T) {
	for in, want := range map[string]Strategy{
		"padded":                      {"padded", "padded"},
		"kv-bucketed":                 {"bucketed", "kv-bucketed"},
		"static-cache":                {"padded", "static-cache"},
		"prefill=padded,decode=eager": {"padded", "eager"},
		"decode=static-cache":         {"variable", "static-cache"},
		"prefill=dynamic":             {"dynamic", "variable"},
		"chunked":                     {"chunked", "static-cache"},
	} {
		if got, err := ParseStrategy(in); err != nil || got != want {
			t.Errorf("ParseStrategy(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "pad", "prefill=kv-bucketed", "prefil=padded", "decode=chunked", "prefill=padded;decode=eager"} {
		if got, err := ParseStrategy(in); err == nil {
			t.Errorf("ParseStrategy(%q) = %v, want an error", in, got)
		}
	}
}

func TestExecLengths(t *testing.T) {
	cases := []struct {
		strategy, eager string
		edges           []int
		tokens          int
		want            [2]int
	}{
		{"variable", "same", nil, 61, [2]int{61, 61}},
		{"padded", "same", nil, 61, [2]int{100, 100}},
		{"padded", "raw", nil, 61, [2]int{61, 100}},
		{"bucketed", "raw", nil, 61, [2]int{61, 64}},
		{"bucketed", "same", []int{62, 80}, 61, [2]int{62, 62}},
		{"bucketed", "same", []int{32}, 61, [2]int{61, 61}},
		{"dynamic", "same", nil, 61, [2]int{61, 61}},
		{"eager", "same", nil, 61, [2]int{61, 61}},
		{"chunked", "raw", nil, 61, [2]int{61, 64}},
		{"chunked", "raw", nil, 64, [2]int{64, 64}},
		{"chunked", "raw", nil, 65, [2]int{65, 128}},
	}
	for _, c := range cases {
		st := must.Get(ParseStrategy(c.strategy))(t)
		sh := Shaper{Strategy: st, Edges: c.edges, EagerInputs: c.eager}
		if got := sh.Exec(c.tokens, 100); got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}

func TestNextEdgeNeverCuts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 5000).Draw(rt, "n")
		if e := NextEdge(nil, n); e < n || e >= 2*n && n > 1 || e&(e-1) != 0 {
			rt.Fatalf("NextEdge(nil, %d) = %d", n, e)
		}
	})
}
