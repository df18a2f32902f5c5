package build

// Small models without tokens, for forward passes over symbolic dimensions.

// MLP maps x float32 [batch_size, 16] to probabilities [batch_size, 4].
func MLP(seed uint64) *Graph {
	g := NewGraph("mlp", Float)
	x := g.In("x", Float, DimBatch, 16)
	for i, size := range [][2]int{{16, 64}, {64, 64}, {64, 4}} {
		x = g.dense(x, "fc"+string(rune('0'+i)), size[0], size[1], seed)
		if i < 2 {
			x = g.Op("Relu", []string{x})
		}
	}
	g.Out(g.Op("Softmax", []string{x}, AttrInt("axis", -1)), "probabilities", Float, DimBatch, 4)
	return g
}

func (g *Graph) dense(x, name string, in, out int, seed uint64) string {
	w := g.Weight(Weight{Name: name + ".weight", Dims: []int{in, out}, Std: std(1, in), Seed: seed})
	b := g.Weight(Weight{Name: name + ".bias", Dims: []int{out}, Std: 0.1, Seed: seed})
	return g.Op("Gemm", []string{x, w, b})
}

// Vision maps images float32 [batch_size, 3, height, width] to logits
// [batch_size, 10] by convolutions; any height and width of 4 and more do.
func Vision(seed uint64) *Graph {
	g := NewGraph("vision", Float)
	x := g.In("pixel_values", Float, DimBatch, 3, "height", "width")
	conv := func(name string, in, out int) {
		w := g.Weight(Weight{Name: name + ".weight", Dims: []int{out, in, 3, 3}, Std: std(1, 9*in), Seed: seed})
		b := g.Weight(Weight{Name: name + ".bias", Dims: []int{out}, Std: 0.1, Seed: seed})
		x = g.Op("Conv", []string{x, w, b}, AttrInts("kernel_shape", 3, 3), AttrInts("pads", 1, 1, 1, 1))
		x = g.Op("Relu", []string{x})
	}
	conv("conv1", 3, 16)
	x = g.Op("MaxPool", []string{x}, AttrInts("kernel_shape", 2, 2), AttrInts("strides", 2, 2))
	conv("conv2", 16, 32)
	x = g.Op("GlobalAveragePool", []string{x})
	x = g.Op("Flatten", []string{x}, AttrInt("axis", 1))
	g.Out(g.dense(x, "head", 32, 10, seed), "logits", Float, DimBatch, 10)
	return g
}

// Embedding maps token ids [batch_size, sequence_length] to one unit vector
// a row, the mean of the vectors of tokens whose mask is not 0. It is no
// language model: it has no logits. Ids go up to 999.
func Embedding(seed uint64) *Graph {
	g := NewGraph("embedding", Float)
	ids := g.In("input_ids", Int64, DimBatch, DimSeq)
	mask := g.In("attention_mask", Int64, DimBatch, DimSeq)
	table := g.Weight(Weight{Name: "embeddings.weight", Dims: []int{1000, 32}, Std: 1, Seed: seed})
	x := g.Op("Gather", []string{table, ids})
	m := g.Op("Unsqueeze", []string{g.Op("Cast", []string{mask}, AttrInt("to", int64(Float))), g.Ints(-1)})
	sum := g.Op("ReduceSum", []string{g.Op("Mul", []string{x, m}), g.Ints(1)}, AttrInt("keepdims", 0))
	n := g.Op("Max", []string{g.Op("ReduceSum", []string{m, g.Ints(1)}, AttrInt("keepdims", 0)), g.Num(1e-9)})
	mean := g.Op("Div", []string{sum, n})
	norm := g.Op("ReduceL2", []string{mean}, AttrInts("axes", -1))
	unit := g.Op("Div", []string{mean, g.Op("Max", []string{norm, g.Num(1e-9)})})
	g.Out(unit, "embedding", Float, DimBatch, 32)
	return g
}

// Types takes one input of every type that can be made, each [n], and gives
// the sum of all as float32 [n].
func Types() *Graph {
	g := NewGraph("types", Float)
	sum := ""
	for _, t := range []struct {
		name string
		elem int32
	}{
		{"f32", Float}, {"f16", Float16}, {"bf16", 16}, {"f64", 11}, {"i8", 3}, {"u8", 2}, {"i16", 5}, {"u16", 4},
		{"i32", 6}, {"u32", 12}, {"i64", Int64}, {"u64", 13}, {"flag", Bool},
	} {
		x := g.Op("Cast", []string{g.In(t.name, t.elem, "n")}, AttrInt("to", int64(Float)))
		if sum == "" {
			sum = x
			continue
		}
		sum = g.Op("Add", []string{sum, x})
	}
	g.Out(sum, "sum", Float, "n")
	return g
}
