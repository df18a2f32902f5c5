package dims

import (
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

func TestExpr(t *testing.T) {
	sizes := map[string]int{"past": 3, "seq": 4, "h": 9, "input.1": 5, "past_sequence_length": 8, "s0": 7}
	for text, want := range map[string]int{
		"past_sequence_length + 1": 9, "past+seq": 7, "past*seq - 2": 10, "floor(h/2)": 4, "ceiling(h/2)": 5, "h//2": 4,
		"((h - 1)//2) + 1": 5, "Max(1, s0)": 7, "min(h,3)": 3, "Mod(s0, 4)": 3, "FloorDiv(s0,2)": 3, "CeilDiv(s0,2)": 4,
		"2*s0": 14, "-1 + h": 8, "input.1": 5, "12": 12, "h % 4": 1,
	} {
		e, err := Parse(text)
		if err != nil {
			t.Errorf("Parse(%q): %v", text, err)
			continue
		}
		if got, err := e.Eval(sizes); err != nil || got != want {
			t.Errorf("%q = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "a +", "(a", "f(a)", "1x", "a b", "max(", "a ? b", "a,,b", "mod(1)"} {
		if _, err := Parse(text); err == nil {
			t.Errorf("Parse(%q) understood it", text)
		}
	}
	for _, text := range []string{"h/2", "seq-past-2", "h/(past-3)", "nobody"} {
		e := must.Get(Parse(text))(t)
		if got, err := e.Eval(sizes); err == nil {
			t.Errorf("%q = %d, want an error", text, got)
		}
	}
}

func TestSpec(t *testing.T) {
	for text, want := range map[string]int{"1,2,4": 3, "1..64": 64, "1..3, 8": 4} {
		if s, err := ParseSpec(text); err != nil || s.Tied() || len(s.Values) != want {
			t.Errorf("ParseSpec(%q) = %v, %v; want %d values", text, s, err, want)
		}
	}
	if s, err := ParseSpec("past+seq"); err != nil || !s.Tied() || len(s.Expr.Names()) != 2 {
		t.Errorf("past+seq: %v, %v", s, err)
	}
	for _, text := range []string{"", "4..1", "1..9999999", "-1", "a b", "1;2"} {
		if s, err := ParseSpec(text); err == nil {
			t.Errorf("ParseSpec(%q) = %v", text, s)
		}
	}
}

func TestRoles(t *testing.T) {
	for name, want := range map[string]string{
		"batch_size": "batch", "N": "batch", "past_sequence_length": "past", "sequence_length": "sequence", "frames": "sequence",
		"height": "height", "W": "width", "num_samples": "samples", "input_0": "", "unk__17": "",
	} {
		if got := RoleOf(name).Name; got != want {
			t.Errorf("RoleOf(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		ties  map[string]string
		want  int
		fails bool
	}{
		{map[string]string{"total": "past+seq"}, 7, false},
		{map[string]string{"total": "mid+seq", "mid": "past*2"}, 10, false},
		{map[string]string{"total": "mid", "mid": "total"}, 0, true},
		{map[string]string{"total": "nobody"}, 0, true},
	} {
		ties, err := NewTies(c.ties)
		must.OK(t, err)
		sizes := map[string]int{"past": 3, "seq": 4}
		err = ties.Resolve(sizes)
		if (err != nil) != c.fails || err == nil && sizes["total"] != c.want {
			t.Errorf("%v: total %d, %v; want %d", c.ties, sizes["total"], err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"past_sequence_length + 1", "floor(h/2)", "((h-1)//2)+1", "Max(1, s0)", "((((((", "é*2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := Parse(s)
		if err != nil {
			return
		}
		sizes := map[string]int{}
		for i, n := range e.Names() {
			sizes[n] = i + 1
		}
		if v, err := e.Eval(sizes); err == nil && v < 0 {
			t.Fatalf("%q = %d", s, v)
		}
	})
}
