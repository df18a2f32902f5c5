package probe

// formulas give a node's operations from the sizes of its inputs and of its first
// output; negative where these do not tell. Weights that a kernel has packed are
// missing among the inputs, so products go by their first input and the output.
// nil: an operator that computes, and how much is not known. All others count as 0.
var formulas = map[string]func(in [][]int64, out []int64) float64{
	"MatMul": product, "Gemm": product, "FusedMatMul": product, "FusedGemm": product, "FusedMatMulActivation": product, "TransposeMatMul": product,
	"Conv": convolution, "FusedConv": convolution, "NhwcConv": convolution, "NhwcFusedConv": convolution, "ConvTranspose": transposed,
	"Attention": attention, "MultiHeadAttention": heads,

	"Einsum": nil, "LSTM": nil, "GRU": nil, "RNN": nil, "DeformConv": nil, "Loop": nil, "If": nil, "Scan": nil,
	"MatMulInteger": nil, "DynamicQuantizeMatMul": nil, "MatMulIntegerToFloat": nil, "MatMulNBits": nil, "ConvInteger": nil, "QLinearConv": nil,
	"QLinearMatMul": nil, "QGemm": nil, "QAttention": nil, "DynamicQuantizeLSTM": nil, "GroupQueryAttention": nil, "PackedAttention": nil,
	"DecoderMaskedMultiHeadAttention": nil, "LongformerAttention": nil, "MoE": nil, "QMoE": nil,
}

func elements(d []int64) float64 {
	n := 1.
	for _, x := range d {
		n *= float64(x)
	}
	return n
}

// last is the n-th size from the end, 1 where there is none.
func last(d []int64, n int) float64 {
	if n > len(d) {
		return 1
	}
	return float64(d[len(d)-n])
}

// product of … × m × k and … × k × n: 2·k for each of … × m × n.
func product(in [][]int64, out []int64) float64 {
	a := in[0]
	k := last(a, 1)
	if len(a) > 1 && len(out) >= len(a) && last(out, 2) > 0 {
		k = last(a, 1) * last(a, 2) / last(out, 2) // the first input may be transposed
	}
	return 2 * k * elements(out)
}

// convolution: each element of the output takes one filter, of which there are as many as out channels.
func convolution(in [][]int64, out []int64) float64 {
	if len(in) < 2 || last(in[1], len(in[1])) == 0 {
		return -1
	}
	return 2 * elements(out) * elements(in[1]) / last(in[1], len(in[1]))
}

// transposed convolution: each element of the input gives one filter.
func transposed(in [][]int64, _ []int64) float64 {
	if len(in) < 2 || last(in[1], len(in[1])) == 0 {
		return -1
	}
	return 2 * elements(in[0]) * elements(in[1]) / last(in[1], len(in[1]))
}

// attention with its own products: q, k and v of batch × tokens × width, all as
// wide as the output, and every query with every key.
func attention(in [][]int64, out []int64) float64 {
	if len(in[0]) != 3 || len(out) != 3 {
		return -1
	}
	rows := elements(in[0][:2])
	return 2*rows*last(in[0], 1)*3*last(out, 1) + 4*rows*last(in[0], 2)*last(out, 1)
}

// heads: every query with every key.
func heads(in [][]int64, out []int64) float64 {
	if len(in) < 2 || len(in[0]) != 3 || len(in[1]) != 3 {
		return -1
	}
	return 2 * elements(in[0][:2]) * last(in[1], 2) * (last(in[0], 1) + last(out, 1))
}
