package plots

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot/plotter"

	"github.com/tailscope/tailscope/internal/must"
)

var absurd = [][]float64{nil, {1}, {0, 0}, {-1, 0, 2}, {1e-9, 1e9}, {1, 1, 1}, {math.Inf(-1), 1, math.Inf(1)}, {1, math.NaN()}}

// TestNothingPanics draws values that log axes and libraries do not like.
func TestNothingPanics(t *testing.T) {
	for _, v := range absurd {
		s := []Series{{"eager", v}, {"optimized", []float64{1, 2, 3}}}
		pics := []func() (*Picture, error){
			func() (*Picture, error) { return CDF("t", s) },
			func() (*Picture, error) { return Histogram("t", s) },
			func() (*Picture, error) {
				return Timeline("t", []Track{{"eager", v}}, 1, []Mark{{1, "compile"}, {math.NaN(), "toggle"}})
			},
			func() (*Picture, error) { return QuantileDelta("t", Delta{Q: []float64{.1, .5, .9}, Delta: v}, "") },
		}
		for i, f := range pics {
			pic, err := f()
			if err != nil {
				t.Errorf("%v, picture %d: %v", v, i, err)
			}
			check(t, pic)
		}
	}
}

func check(t *testing.T, p *Picture) {
	t.Helper()
	if p == nil {
		return
	}
	img, err := png.Decode(bytes.NewReader(p.PNG))
	if err != nil || img.Bounds().Dx() < 500 {
		t.Errorf("%s: %v", p.Name, err)
	}
	if !strings.Contains(string(p.SVG), "<svg") || strings.Contains(string(p.SVG), "NaN") {
		t.Errorf("%s: SVG is not sound", p.Name)
	}
	for d := xml.NewDecoder(bytes.NewReader(p.SVG)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Errorf("%s: SVG is not well-formed: %v", p.Name, err)
			break
		}
	}
}

func TestCDFShowsEveryLabelAndTheMaximum(t *testing.T) {
	v := make([]float64, 100_000)
	for i := range v {
		v[i] = 1 + float64(i)/1e5
	}
	v[len(v)-1] = 500
	xy := cdfPoints(v)
	if last := xy[len(xy)-1]; last.X != 500 || last.Y != 1 || len(xy) > 2000 {
		t.Fatal(len(xy), last)
	}
	p := must.Get(CDF("both lanes", []Series{{"eager", v}, {"optimized", v}}))(t)
	for _, want := range []string{"eager (n = 100000)", "optimized (n = 100000)", "both lanes"} {
		if !strings.Contains(string(p.SVG), want) {
			t.Errorf("no %q in the picture", want)
		}
	}
}

// TestMarksAreSeen looks for the colour of each kind of event: a colour whose
// parts exceed its alpha is drawn as nothing.
func TestMarksAreSeen(t *testing.T) {
	for kind, want := range markColors {
		pic := must.Get(Timeline("t", []Track{{"eager", []float64{1, 2, 1, 3}}}, 1, []Mark{{2.37, kind}}))(t)
		img := must.Get(png.Decode(bytes.NewReader(pic.PNG)))(t)
		found := 0
		b := img.Bounds()
		for y := b.Min.Y; y < b.Max.Y; y++ {
			for x := b.Min.X; x < b.Max.X; x++ {
				r, g, bl, _ := img.At(x, y).RGBA()
				dr, dg, db := 255-int(r>>8), 255-int(g>>8), 255-int(bl>>8) // distance from white, a share of the colour's
				wr, wg, wb := 255-int(want.R), 255-int(want.G), 255-int(want.B)
				if s := dr + dg + db; s > 60 && near(dr*(wr+wg+wb), wr*s) && near(dg*(wr+wg+wb), wg*s) && near(db*(wr+wg+wb), wb*s) {
					found++
				}
			}
		}
		if found < 100 {
			t.Errorf("%s: %d pixels of its colour", kind, found)
		}
	}
}

func near(a, b int) bool { return max(a-b, b-a)*10 <= max(a, b, 3000) }

// TestMarksBeyondMany: with more events than columns none of the last ones is
// missing, and a kind that is frequent leaves room for the others.
func TestMarksBeyondMany(t *testing.T) {
	var marks []Mark
	for i := range 100_000 {
		marks = append(marks, Mark{float64(i) / 100, "fallback"})
	}
	marks = append(marks, Mark{999.5, "worker_restart"}, Mark{3, "loaded"}, Mark{math.NaN(), "toggle"})
	at := columns(marks, 1000)
	for k, s := range at {
		switch markKinds[k] {
		case "fallback":
			if len(s) != markColumns || s[0] != 0 || s[len(s)-1] < 997 {
				t.Errorf("%d fallbacks, %v to %v", len(s), s[0], s[len(s)-1])
			}
		case "worker_restart":
			if len(s) != 1 || s[0] != 999.5 {
				t.Errorf("restarts %v", s)
			}
		default:
			if len(s) != 0 {
				t.Errorf("%s: %v", markKinds[k], s)
			}
		}
	}
	if len(markKinds) != len(markColors) {
		t.Error("a kind has no colour, or no place")
	}
}

// TestLineBreaksWhereNothingWasMeasured: a gap is no slow sample.
func TestLineBreaksWhereNothingWasMeasured(t *testing.T) {
	var xy plotter.XYs
	for i := range 400 {
		if i < 150 || i > 250 || i == 200 {
			xy = append(xy, plotter.XY{X: float64(i), Y: 1})
		}
	}
	got := stretches(xy, 1, 400)
	if len(got) != 3 || len(got[0]) != 150 || len(got[1]) != 2 || len(got[2]) != 149 {
		t.Fatalf("%d stretches: %v", len(got), got)
	}
	if got[1][0].X >= 200 || got[1][1].X <= 200 {
		t.Errorf("a point on its own: %v", got[1])
	}
	slow := plotter.XYs{{X: 0, Y: 1}, {X: 10, Y: 1}, {X: 21, Y: 2}, {X: 40, Y: 1}} // few and slow: no gap is unusual
	if got := stretches(slow, .1, 40); len(got) != 1 {
		t.Errorf("slow requests: %v", got)
	}
	if got := stretches(nil, 1, 0); len(got) != 0 {
		t.Errorf("nothing: %v", got)
	}
}

// TestSweepMarksWhatFewSamplesSay: a point with too few samples has a cross,
// and the picture says what that means.
func TestSweepMarksWhatFewSamplesSay(t *testing.T) {
	draw := func(few []bool) string {
		pic := must.Get(Sweep("prefill", "n", []string{"2", "8"}, []float64{2, 8}, []SweepLine{{Name: "eager p99", Y: []float64{3, 5}, Dashed: true, Few: few}}))(t)
		check(t, pic)
		return string(pic.SVG)
	}
	few, enough := draw([]bool{true, false}), draw([]bool{false, false})
	if !strings.Contains(few, "too few samples") || strings.Contains(enough, "too few samples") || len(few) <= len(enough)+50 {
		t.Errorf("%d bytes with a cross, %d without", len(few), len(enough))
	}
}

// TestHostileNames: names with escapes and markup leave a picture well-formed.
func TestHostileNames(t *testing.T) {
	const evil = "a\x1b]0;t\a\x00<script>&\u202e\u009b\"'\xff"
	v := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	series := []Series{{Name: evil, Sorted: v}, {Name: "b" + evil, Sorted: v}}
	for _, draw := range []func(string, []Series) (*Picture, error){CDF, Histogram} {
		p := must.Get(draw(evil, series))(t)
		check(t, p)
	}
	p := must.Get(Timeline(evil, []Track{{Name: evil, Max: v}}, 1, []Mark{{S: 2, Kind: "compile"}}))(t)
	check(t, p)
}
