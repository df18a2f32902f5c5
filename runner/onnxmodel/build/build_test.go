package build

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// TestSameBytes pins what a description gives. When it changes on purpose,
// Version must change too.
func TestSameBytes(t *testing.T) {
	c := GPT2{Layers: 2, Heads: 2, Width: 8, Vocab: 300, MaxPos: 32, Seed: 1, DType: Float}
	want := map[string]string{
		"model.onnx":      "dd24141b93f98698",
		"model.onnx_data": "b26777951e72376d",
	}
	for range 2 {
		dir := t.TempDir()
		must.OK(t, c.Graph().Write(filepath.Join(dir, "model.onnx"), Options{External: true}))
		for name, hash := range want {
			b := must.Get(os.ReadFile(filepath.Join(dir, name)))(t)
			sum := sha256.Sum256(b)
			if got := hex.EncodeToString(sum[:8]); got != hash {
				t.Errorf("%s: %s, want %s (version %d)", name, got, hash, Version)
			}
		}
	}
}

func TestWeightsAreNormal(t *testing.T) {
	v := Weight{Name: "w", Dims: []int{1000, 100}, Std: 0.02, Mean: 0.5}.Floats()
	var mean, sq, fourth float64
	for _, x := range v {
		mean += float64(x) / float64(len(v))
	}
	for _, x := range v {
		d := float64(x) - mean
		sq += d * d / float64(len(v))
		fourth += d * d * d * d / float64(len(v))
	}
	if math.Abs(mean-0.5) > 0.0005 || math.Abs(math.Sqrt(sq)-0.02) > 0.0002 {
		t.Errorf("mean %v, deviation %v", mean, math.Sqrt(sq))
	}
	if k := fourth / sq / sq; k < 2.6 || k > 2.8 { // a sum of four uniforms has 2.7
		t.Errorf("kurtosis %v", k)
	}
}

// TestHalf compares toHalf with rounding by definition, over every exponent.
func TestHalf(t *testing.T) {
	for _, x := range []float64{0, 1, -1, 65504, 65519.9, 1e-8, 6e-8, 6.1e-5, 0.333, 1.0009765625, 1.00048828125, 1.00146484375} {
		for e := -6; e <= 6; e++ {
			f := float32(x * math.Exp2(float64(e)))
			want := byDefinition(float64(f))
			if got := halfValue(toHalf(f)); got != want {
				t.Errorf("%v: %v, want %v", f, got, want)
			}
		}
	}
}

func byDefinition(x float64) float64 {
	if x == 0 {
		return 0
	}
	exp := max(math.Floor(math.Log2(math.Abs(x))), -14)
	v := math.RoundToEven(x/math.Exp2(exp-10)) * math.Exp2(exp-10)
	if math.Abs(v) > 65504 {
		return math.Inf(int(math.Copysign(1, v)))
	}
	return v
}

func halfValue(h uint16) float64 {
	exp, m, sign := int(h>>10&31), float64(h&1023), 1-2*float64(h>>15)
	switch exp {
	case 0:
		return sign * math.Exp2(-14) * m / 1024
	case 31:
		return math.Inf(int(sign))
	}
	return sign * math.Exp2(float64(exp-15)) * (1 + m/1024)
}
