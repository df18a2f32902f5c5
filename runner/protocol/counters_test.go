package protocol

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// FuzzCounters: what the fast reader takes, encoding/json reads the same.
func FuzzCounters(f *testing.F) {
	for _, line := range []string{
		`{"t":"counters","groups":[],"checks":{}}`,
		`{"t": "counters", "groups": [{"mode": "prefill", "strategy": "variable", "unique_graphs": 3, "compiles": 1, "recompiles": 7, "recompile_limit": 8, "limit_reached": true, "fallbacks": 2, "compile_ns": 12345}], "checks": {"n": 5, "failed": 0, "max_rel_l2": 1.5e-07, "tolerance": 0}}`,
		`{"t":"counters","groups":[{"mode":"m","strategy":"s","limit_reached":false,"evictions":1,"captures":2,"bytes":3}],"checks":{"n":1,"max_rel_l2":0.5,"tolerance":1E3}}`,
		`{"t":"counters","groups":null,"checks":{"max_rel_l2":01.5}}`, `{"t":"counters","checks":{"max_rel_l2":1.e5}}`, `{"t":"counters","checks":{"tolerance":-0.5,"n":-0}}`,
		`{"t":"counters","engine":{"a":1}}`, `{"t":"counters","groups":[{}]}`, `{"t":"counters"} x`, `{"t":"counters","T":"x"}`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		got := parseCounters(line)
		if got == nil {
			return
		}
		var want Counters
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatalf("%s: taken, but %v", line, err)
		}
		if !reflect.DeepEqual(*got, want) {
			t.Errorf("%s: %+v, want %+v", line, *got, want)
		}
	})
}

// TestCountersAreReadFast: the line of docs/example_engine.py needs no
// encoding/json, and no field is forgotten.
func TestCountersAreReadFast(t *testing.T) {
	want := Counters{T: "counters", Groups: []Counter{{"m", "s", 1, 2, 3, 4, true, 5, 6, 7, 8, 9}}, Checks: Checks{N: 1, Failed: 2, MaxRelL2: 0.25, Tolerance: 1e-6}}
	line := must.Get(json.Marshal(want))(t)
	if got := parseCounters(line); got == nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("%s: %+v", line, got)
	}
}
