package plain

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tailscope/tailscope/internal/must"
)

func FuzzPlain(f *testing.F) {
	for _, s := range []string{"a\x1b]0;title\a", "\u009b31m", "\x9b31m", "\u202eevil", "=cmd|' /C calc'!A0", "-1", "ü", "\x00", "'=x", "a\nb\tc", "\U000e0041"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, got := range map[string]string{"Line": Line(s), "Text": strings.NewReplacer("\n", "", "\t", "").Replace(Text(s)), "Cell": Cell(s)} {
			if !utf8.ValidString(got) || strings.IndexFunc(got, bad) >= 0 {
				t.Errorf("%s(%q) = %q", name, s, got)
			}
			if Line(got) != got {
				t.Errorf("%s is not stable for %q", name, s)
			}
		}
		if formula(Cell(s)) && !strings.HasPrefix(Cell(s), "'") {
			t.Errorf("Cell(%q) = %q", s, Cell(s))
		}
		if x := Line(s); Uncell(Cell(x)) != x {
			t.Errorf("Uncell(Cell(%q)) = %q", x, Uncell(Cell(x)))
		}
		var whole, parts bytes.Buffer
		_, _ = Writer(&whole).Write([]byte(s)) // to memory
		w := Writer(&parts)
		for i := range len(s) {
			_, _ = w.Write([]byte{s[i]})
		}
		if utf8.ValidString(s) && whole.String() != parts.String() {
			t.Errorf("in parts %q, whole %q", parts.String(), whole.String())
		}
		b := must.Get(json.Marshal(s))(t)
		var want, got string
		must.OK(t, json.Unmarshal(b, &want))
		if err := json.Unmarshal(JSON(b), &got); err != nil || !reflect.DeepEqual(want, got) || bytes.IndexFunc(JSON(b), bad) >= 0 {
			t.Errorf("JSON(%s) = %s, %v", b, JSON(b), err)
		}
	})
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{"a\x1b[31mb": "a [31mb", "\x9b": "\ufffd", "x\u202ey": "x y", "ok ü 1×64 → ·": "ok ü 1×64 → ·"} {
		if got := Line(in); got != want {
			t.Errorf("Line(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"=1+1": "'=1+1", "-1.5": "-1.5", "+x": "'+x", "@a": "'@a", "chat": "chat", "-": "'-", "\t=1": "' =1"} {
		if got := Cell(in); got != want {
			t.Errorf("Cell(%q) = %q, want %q", in, got, want)
		}
	}
}
