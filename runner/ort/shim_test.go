package ort

import (
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/ort/native"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// tablePositions reads the order of functions in struct OrtApi from the C
// header that comes with onnxruntime_go.
func tablePositions(t *testing.T) map[string]int {
	t.Helper()
	src := must.Get(os.ReadFile(filepath.Join(moduleDir(t, "github.com/yalue/onnxruntime_go"), "onnxruntime_c_api.h")))(t)
	text := regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`).ReplaceAllString(string(src), "")
	_, body, ok := strings.Cut(text, "struct OrtApi {")
	body, _, ok2 := strings.Cut(body, "\n};")
	if !ok || !ok2 {
		t.Fatal("no struct OrtApi in the header")
	}
	forms := []*regexp.Regexp{
		regexp.MustCompile(`ORT_API2_STATUS\((\w+)`), regexp.MustCompile(`ORT_CLASS_RELEASE2?\((\w+)`),
		regexp.MustCompile(`ORT_API_T\([^,]+,\s*(\w+)`), regexp.MustCompile(`ORT_API_CALL\s*\*\s*(\w+)`),
	}
	out, n := map[string]int{}, 0
	for st := range strings.SplitSeq(body, ";") {
		st = strings.TrimSpace(st)
		if st == "" || strings.HasPrefix(st, "#") {
			continue
		}
		for i, re := range forms {
			if m := re.FindStringSubmatch(st); m != nil {
				name := m[1]
				if i == 1 {
					name = "Release" + name
				}
				out[name] = n
				break
			}
		}
		n++
	}
	return out
}

// Every position that the shim uses is the header's.
func TestTablePositions(t *testing.T) {
	want := tablePositions(t)
	src := must.Get(os.ReadFile("native/shim_api.h"))(t)
	all := regexp.MustCompile(`POS\((\w+), (\d+)\),`).FindAllStringSubmatch(string(src), -1)
	if len(all) < 50 {
		t.Fatalf("only %d positions in shim_api.h", len(all))
	}
	for _, m := range all {
		got, _ := strconv.Atoi(m[2])
		if at, ok := want[m[1]]; !ok || at != got {
			t.Errorf("%s is at %d, the header says %d (found: %v)", m[1], got, at, ok)
		}
	}
}

// The documentation lists every engine option.
func TestOptionsAreDocumented(t *testing.T) {
	doc := must.Get(os.ReadFile("../../docs/measurement.md"))(t)
	for _, o := range native.Options {
		if !strings.Contains(string(doc), "| `"+o.Key+"` |") {
			t.Errorf("docs/measurement.md does not list %s", o.Key)
		}
	}
}

func TestHalf(t *testing.T) {
	for _, f := range []float32{0, 0.25, 0.5, 0.9995117, 1.0 / 3, 6e-8, 6.1e-5, 3e-5} {
		got := onnxmodel.HalfToFloat(native.ToHalf(f))
		if d := float64(got - f); d > 0 || d < -float64(f)/1024-6e-8 {
			t.Errorf("%v becomes %v", f, got)
		}
	}
	for _, c := range []struct {
		bits uint16
		want float32
	}{{0x3c00, 1}, {0xc000, -2}, {0x7bff, 65504}, {0x0001, 1.0 / (1 << 24)}, {0x8001, -1.0 / (1 << 24)}} {
		if got := onnxmodel.HalfToFloat(c.bits); got != c.want {
			t.Errorf("%#x is %v, want %v", c.bits, got, c.want)
		}
	}
}
