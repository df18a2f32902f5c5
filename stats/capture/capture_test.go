package capture

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tailscope/tailscope/internal/must"
)

// TestNineIsCaptured is vLLM #12920: nine requests at once, padded to 16.
func TestNineIsCaptured(t *testing.T) {
	captured := []int{1, 2, 4, 8, 16}
	var steps []Step
	for _, n := range []int{1, 4, 9, 16} { // what is padded takes what its size takes
		size, _ := next(captured, n)
		steps = append(steps, Step{Tokens: n, N: 100, Ms: 5 + 0.5*float64(size)})
	}
	a, err := Advise(steps, Limits{Captured: captured})
	if err != nil || !slices.Contains(a.Sizes, 9) || len(a.Sizes) > 5 {
		t.Fatalf("%+v, %v", a, err)
	}
	if want := 0.25 * 0.5 * 7; math.Abs(a.SavedMs-want) > 1e-9 || a.Lo > want || a.Hi < want || a.After != 0 {
		t.Errorf("%+v, want %g saved", a, want)
	}
}

// TestOffTheList is SGLang #33483: more run than the largest captured size.
func TestOffTheList(t *testing.T) {
	steps := []Step{{Tokens: 16, N: 50, Ms: 10}, {Tokens: 32, N: 50, Ms: 12}, {Tokens: 40, N: 100, Ms: 48, Eager: true}}
	a, err := Advise(steps, Limits{Captured: []int{16, 32}, MiBPerGraph: 10, MiB: 40})
	if err != nil || a.Sizes[len(a.Sizes)-1] != 40 || a.Off != 0.5 || a.MiB != 30 {
		t.Fatalf("%+v, %v", a, err)
	}
	if math.Abs(a.SavedMs-0.5*(48-13)) > 1e-9 {
		t.Errorf("saved %g", a.SavedMs)
	}
	for _, w := range []string{"--cuda-graph-bs 16 32 40", "steps without a graph 50.0 → 0 %"} {
		if s := a.Sentence("sglang"); !strings.Contains(s, w) {
			t.Errorf("%q lacks %q", s, w)
		}
	}
}

func TestWithoutTimesNothingIsSaidOfAGain(t *testing.T) {
	a, err := Advise([]Step{{Tokens: 3, N: 7, Ms: math.NaN()}}, Limits{Captured: []int{4}})
	if err != nil || !math.IsNaN(a.SavedMs) || a.PaddedNow != 1 || !strings.Contains(a.Sentence(""), "nothing is said of a gain") {
		t.Errorf("%+v, %v, %s", a, err, a.Sentence(""))
	}
	if _, err := Advise(nil, Limits{}); err == nil {
		t.Error("no steps are no error")
	}
}

// TestWhatIsCapturedIsEnough: no list is proposed that changes nothing.
func TestWhatIsCapturedIsEnough(t *testing.T) {
	steps := []Step{{Tokens: 2, N: 30, Ms: math.NaN()}, {Tokens: 6, N: 400, Ms: math.NaN()}}
	for _, c := range []struct {
		captured []int
		better   bool
	}{{[]int{2, 6}, false}, {[]int{1, 2, 6, 16}, false}, {[]int{2, 8}, true}, {[]int{1, 2, 4}, true}, {nil, true}} {
		if a, err := Advise(steps, Limits{Captured: c.captured}); err != nil || a.Better() != c.better {
			t.Errorf("captured %v: better %v, %v: %+v", c.captured, a.Better(), err, a)
		}
	}
	a, err := Advise(steps, Limits{Captured: []int{}})
	if s := a.Eager("vllm"); err != nil || !strings.Contains(s, "430 steps of up to 6 tokens: the server runs eager") || !strings.Contains(s, "without --enforce-eager, with --compilation-config '{\"cudagraph_capture_sizes\":[2,6]}'") {
		t.Errorf("%v: %s", err, s)
	}
}

// TestWhatPromptsUseStays: vLLM's piecewise graphs of steps that read prompts
// are of the same list.
func TestWhatPromptsUseStays(t *testing.T) {
	captured := []int{1, 2, 4, 8, 16, 24, 32, 64, 128, 256, 512}
	steps := []Step{{Tokens: 3, N: 50, Ms: math.NaN()}, {Tokens: 7, N: 100, Ms: math.NaN()}}
	for _, c := range []struct {
		prompts string
		mib     float64
		want    []int
		says    string
	}{
		{"", 0, []int{3, 7}, ""},
		{"use", 0, []int{3, 7, 8, 16, 24, 32, 64, 128, 256, 512}, "; 8 of 8 captured sizes above 7 stay: steps that read prompts use them"},
		{"may use", 50, []int{3, 7, 32, 512}, "; 2 of 8 captured sizes above 7 stay: steps that read prompts may use them"},
	} {
		a := must.Get(Advise(steps, Limits{Captured: captured, MiBPerGraph: 10, MiB: c.mib, Prompts: c.prompts}))(t)
		if s := a.Sentence("vllm"); !slices.Equal(a.Sizes, c.want) || !strings.Contains(s, c.says) || c.prompts == "" && strings.Contains(s, "prompts") {
			t.Errorf("prompts %q, %g MiB: %v, want %v: %s", c.prompts, c.mib, a.Sizes, c.want, s)
		}
	}
	a := must.Get(Advise(steps, Limits{Captured: []int{}, Prompts: "may use"}))(t)
	if s := a.Eager("vllm"); !strings.Contains(s, "; these are sizes of decode steps: steps that read prompts may use the list, too") {
		t.Error(s)
	}
}

func TestProposalsHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		multiple := rapid.IntRange(1, 5).Draw(t, "multiple")
		var steps []Step
		top := 0
		for range rapid.IntRange(1, 20).Draw(t, "n") {
			s := Step{Tokens: rapid.IntRange(1, 600).Draw(t, "tokens"), N: rapid.IntRange(1, 1000).Draw(t, "count"), Ms: rapid.Float64Range(.1, 100).Draw(t, "ms"), Eager: rapid.Bool().Draw(t, "eager")}
			steps, top = append(steps, s), max(top, s.Tokens)
		}
		limit := rapid.IntRange(1, 30).Draw(t, "limit")
		captured := []int{1, 8, 64, 128, 512}
		prompts := rapid.SampledFrom([]string{"", "use"}).Draw(t, "prompts")
		a := must.Get(Advise(steps, Limits{Captured: captured, Multiple: multiple, MiBPerGraph: 10, MiB: float64(limit) * 10, Prompts: prompts}))(t)
		if len(a.Sizes) > limit || !slices.IsSorted(a.Sizes) || a.Sizes[len(a.Sizes)-1] < top {
			t.Fatalf("%v under %d graphs for up to %d", a.Sizes, limit, top)
		}
		if prompts == "" && a.Kept > 0 || prompts != "" && limit > 1 && top < 512 && a.Sizes[len(a.Sizes)-1] < 512 {
			t.Fatalf("%v of %v for up to %d, prompts %q", a.Sizes, captured, top, prompts)
		}
		for _, s := range a.Sizes[:len(a.Sizes)-a.Kept] {
			if s%multiple != 0 {
				t.Fatalf("%d is no multiple of %d", s, multiple)
			}
		}
		if few := a.Steps < leastSteps; !math.IsNaN(a.SavedMs) && (few != math.IsNaN(a.Lo) || !few && !(a.Lo <= a.Hi)) {
			t.Fatalf("interval %g to %g", a.Lo, a.Hi)
		}
	})
}

// TestIntervalIsOfAStep: how many steps come is no part of what one saves. Where all
// save the same the interval has no width, else that of the mean; of few there is none.
func TestIntervalIsOfAStep(t *testing.T) {
	m := model{base: 5, per: .5, eagerBase: 5, eagerPer: .5}
	if lo, hi := m.interval([]Step{{Tokens: 9, N: 100}}, []int{16}, []int{9}); math.Abs(lo-3.5) > 1e-12 || math.Abs(hi-3.5) > 1e-12 {
		t.Errorf("each step saves 3.5 ms, the interval is %g to %g", lo, hi)
	}
	lo, hi := m.interval([]Step{{Tokens: 9, N: 200}, {Tokens: 16, N: 200}}, []int{16}, []int{9, 16})
	if want := 2 * 1.96 * 3.5 * math.Sqrt(.25/400); lo > 1.75 || hi < 1.75 || math.Abs(hi-lo-want) > .3*want {
		t.Errorf("half of 400 steps save 3.5 ms: the interval is %g to %g, want a width of %g", lo, hi, want)
	}
	a := must.Get(Advise([]Step{{Tokens: 9, N: leastSteps - 1, Ms: 13}}, Limits{Captured: []int{16}}))(t)
	if s := a.Sentence(""); !math.IsNaN(a.Lo) || !math.IsNaN(a.Hi) || !strings.Contains(s, "too few steps for an interval") {
		t.Errorf("%g to %g: %s", a.Lo, a.Hi, s)
	}
}
