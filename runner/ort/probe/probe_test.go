package probe

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// TestOperationsByHand: what each formula gives is what loops would do.
func TestOperationsByHand(t *testing.T) {
	for _, c := range []struct {
		op   string
		in   [][]int64
		out  []int64
		want float64
	}{
		{"MatMul", [][]int64{{5, 7, 11}, {11, 13}}, []int64{5, 7, 13}, 2 * 5 * 7 * 11 * 13},
		{"MatMul", [][]int64{{5, 7, 11}}, []int64{5, 7, 13}, 2 * 5 * 7 * 11 * 13}, // packed weights
		{"MatMul", [][]int64{{7, 11}, {11}}, []int64{7}, 2 * 7 * 11},
		{"MatMul", [][]int64{{11}, {11, 13}}, []int64{13}, 2 * 11 * 13},
		{"MatMul", [][]int64{{2, 3, 7, 11}, {2, 3, 11, 7}}, []int64{2, 3, 7, 7}, 2 * 2 * 3 * 7 * 11 * 7},
		{"Gemm", [][]int64{{11, 7}, {13}}, []int64{7, 13}, 2 * 7 * 11 * 13}, // transA
		{"Conv", [][]int64{{2, 6, 9, 9}, {8, 3, 5, 5}}, []int64{2, 8, 5, 5}, 2 * 2 * 8 * 5 * 5 * 3 * 5 * 5},
		{"ConvTranspose", [][]int64{{2, 6, 4, 4}, {6, 3, 5, 5}}, []int64{2, 3, 8, 8}, 2 * 2 * 6 * 4 * 4 * 3 * 5 * 5},
		{"Attention", [][]int64{{2, 7, 12}}, []int64{2, 7, 12}, 2*2*7*12*36 + 2*2*2*7*7*12},
		{"MultiHeadAttention", [][]int64{{2, 7, 12}, {2, 9, 12}, {2, 9, 12}}, []int64{2, 7, 12}, 2 * 2 * 2 * 7 * 9 * 12},
	} {
		if got := formulas[c.op](c.in, c.out); got != c.want {
			t.Errorf("%s of %v: %v, want %v", c.op, c.in, got, c.want)
		}
	}
}

// TestWhatIsNotCountedIsTold: a recurrence in the profile leaves no total.
func TestWhatIsNotCountedIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.json")
	node := func(op, shapes string) string {
		return `{"cat":"Node","name":"` + op + `_kernel_time","args":{"op_name":"` + op + `","provider":"CPUExecutionProvider","node_index":"` + op + `",` + shapes + `}}`
	}
	shapes := `"parameter_size":"40","output_size":"24","input_type_shape":[{"float":[2,5]}],"output_type_shape":[{"float":[2,3]}]`
	for text, want := range map[string]Profile{
		"[" + node("Gemm", shapes) + "," + node("Relu", shapes) + "," + node("Gather", shapes) + "]": {Nodes: 3, Ops: 60, Gathered: 24},
		"[" + node("Gemm", shapes) + "," + node("LSTM", shapes) + "]":                                {Nodes: 2, Ops: 60, Uncounted: "LSTM"},
	} {
		must.OK(t, os.WriteFile(path, []byte(text), 0o644))
		p, err := Read(path)
		if err != nil || p.Nodes != want.Nodes || p.Ops != want.Ops || p.Gathered != want.Gathered || p.Uncounted != want.Uncounted {
			t.Errorf("%+v, %v, want %+v", p, err, want)
		}
	}
}
