package protocol

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// FuzzRequest: a request written by hand reads as the one that encoding/json
// writes.
func FuzzRequest(f *testing.F) {
	f.Add(uint64(7), "prefill", 1, 12, 16, 0, "padded", "eager", "optimized", true, false, uint64(9), 3, "batch", 0, int64(5), false)
	f.Add(uint64(0), "", 0, 0, 0, 8, "", "", "", false, true, uint64(1)<<63, 0, "", 2, int64(0), true)
	f.Add(uint64(1), "<&>\u2028\"\\\x7f\xff", -1, 1, 2, -3, "\n", "日", "eager", false, true, uint64(1), 1, "a\"b", -2, int64(-5), true)
	f.Fuzz(func(t *testing.T, id uint64, mode string, batch, tokens, exec, news int, prefill, decode, lane string, together, aa bool, seed uint64, dim int, name string, recorded int, due int64, warmup bool) {
		r := Request{ID: id, Mode: mode, Batch: batch, Tokens: tokens, Exec: [2]int{tokens, exec}, NewTokens: news, Strategy: Strategy{Prefill: prefill, Decode: decode},
			Order: []string{lane, "eager"}, Together: together, AA: aa, Seed: seed, IDs: []int{dim, tokens}, Dims: map[string]int{name: dim, "z": 1}, Recorded: recorded, DueNs: due, Warmup: warmup}
		switch { // as few fields as there can be, too
		case dim == 0:
			r.IDs, r.Dims = nil, nil
		case dim == 1:
			r.Order = nil
		}
		var got, want Request
		line := appendRequest(nil, &r)
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		r.T = "req"
		plain := must.Get(json.Marshal(&r))(t)
		must.OK(t, json.Unmarshal(plain, &want))
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s\nwant %s", line, plain)
		}
	})
}

// TestRequestsHaveEveryField: a field that is added is sent.
func TestRequestsHaveEveryField(t *testing.T) {
	r := Request{T: "req", ID: 1, Mode: "m", Batch: 2, Tokens: 3, Exec: [2]int{4, 5}, NewTokens: 6, Strategy: Strategy{Prefill: "p", Decode: "d"}, Order: []string{"o"},
		Together: true, AA: true, Seed: 7, IDs: []int{8}, Dims: map[string]int{"n": 9}, Recorded: 10, DueNs: 11, Warmup: true}
	v := reflect.ValueOf(r)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("the test leaves %s out", v.Type().Field(i).Name)
		}
	}
	var got Request
	if err := json.Unmarshal(appendRequest(nil, &r), &got); err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("%v, %v", got, err)
	}
}
