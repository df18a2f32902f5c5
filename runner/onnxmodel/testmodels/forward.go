package testmodels

import (
	"math"

	"github.com/tailscope/tailscope/runner/onnxmodel/build"
)

// Small models without tokens, for forward passes over symbolic dimensions.

// perceptron maps x float32 [batch_size, 16] to probabilities [batch_size, 4].
func perceptron(seed uint64) *build.Graph {
	g := build.NewGraph("mlp", build.Float)
	x := g.In("x", build.Float, build.DimBatch, 16)
	for i, size := range [][2]int{{16, 64}, {64, 64}, {64, 4}} {
		x = dense(g, x, "fc"+string(rune('0'+i)), size[0], size[1], seed)
		if i < 2 {
			x = g.Op("Relu", []string{x})
		}
	}
	g.Out(g.Op("Softmax", []string{x}, build.AttrInt("axis", -1)), "probabilities", build.Float, build.DimBatch, 4)
	return g
}

// dense multiplies by a matrix and adds a bias.
func dense(g *build.Graph, x, name string, in, out int, seed uint64) string {
	w := g.Weight(build.Weight{Name: name + ".weight", Dims: []int{in, out}, Std: std(in), Seed: seed})
	b := g.Weight(build.Weight{Name: name + ".bias", Dims: []int{out}, Std: 0.1, Seed: seed})
	return g.Op("Gemm", []string{x, w, b})
}

// std keeps the scale of a product over so many elements.
func std(fanIn int) float32 { return float32(1 / math.Sqrt(float64(fanIn))) }

// vision maps images float32 [batch_size, 3, height, width] to logits
// [batch_size, 10] by convolutions; any height and width of 4 and more do.
func vision(seed uint64) *build.Graph {
	g := build.NewGraph("vision", build.Float)
	x := g.In("pixel_values", build.Float, build.DimBatch, 3, "height", "width")
	conv := func(name string, in, out int) {
		w := g.Weight(build.Weight{Name: name + ".weight", Dims: []int{out, in, 3, 3}, Std: std(9 * in), Seed: seed})
		b := g.Weight(build.Weight{Name: name + ".bias", Dims: []int{out}, Std: 0.1, Seed: seed})
		x = g.Op("Conv", []string{x, w, b}, build.AttrInts("kernel_shape", 3, 3), build.AttrInts("pads", 1, 1, 1, 1))
		x = g.Op("Relu", []string{x})
	}
	conv("conv1", 3, 16)
	x = g.Op("MaxPool", []string{x}, build.AttrInts("kernel_shape", 2, 2), build.AttrInts("strides", 2, 2))
	conv("conv2", 16, 32)
	x = g.Op("GlobalAveragePool", []string{x})
	x = g.Op("Flatten", []string{x}, build.AttrInt("axis", 1))
	g.Out(dense(g, x, "head", 32, 10, seed), "logits", build.Float, build.DimBatch, 10)
	return g
}

// embedding maps token ids [batch_size, sequence_length] to one unit vector
// a row, the mean of the vectors of tokens whose mask is not 0. It is no
// language model: it has no logits. Ids go up to 999.
func embedding(seed uint64) *build.Graph {
	g := build.NewGraph("embedding", build.Float)
	ids := g.In("input_ids", build.Int64, build.DimBatch, build.DimSeq)
	mask := g.In("attention_mask", build.Int64, build.DimBatch, build.DimSeq)
	table := g.Weight(build.Weight{Name: "embeddings.weight", Dims: []int{1000, 32}, Std: 1, Seed: seed})
	x := g.Op("Gather", []string{table, ids})
	m := g.Op("Unsqueeze", []string{g.Op("Cast", []string{mask}, build.AttrInt("to", int64(build.Float))), g.Ints(-1)})
	sum := g.Op("ReduceSum", []string{g.Op("Mul", []string{x, m}), g.Ints(1)}, build.AttrInt("keepdims", 0))
	n := g.Op("Max", []string{g.Op("ReduceSum", []string{m, g.Ints(1)}, build.AttrInt("keepdims", 0)), g.Num(1e-9)})
	mean := g.Op("Div", []string{sum, n})
	norm := g.Op("ReduceL2", []string{mean}, build.AttrInts("axes", -1))
	unit := g.Op("Div", []string{mean, g.Op("Max", []string{norm, g.Num(1e-9)})})
	g.Out(unit, "embedding", build.Float, build.DimBatch, 32)
	return g
}

// types takes one input of every type that can be made, each [n], and gives
// the sum of all as float32 [n].
func types() *build.Graph {
	g := build.NewGraph("types", build.Float)
	sum := ""
	for _, t := range []struct {
		name string
		elem int32
	}{
		{"f32", build.Float}, {"f16", build.Float16}, {"bf16", 16}, {"f64", 11}, {"i8", 3}, {"u8", 2}, {"i16", 5}, {"u16", 4},
		{"i32", 6}, {"u32", 12}, {"i64", build.Int64}, {"u64", 13}, {"flag", build.Bool},
	} {
		x := g.Op("Cast", []string{g.In(t.name, t.elem, "n")}, build.AttrInt("to", int64(build.Float)))
		if sum == "" {
			sum = x
			continue
		}
		sum = g.Op("Add", []string{sum, x})
	}
	g.Out(sum, "sum", build.Float, "n")
	return g
}
