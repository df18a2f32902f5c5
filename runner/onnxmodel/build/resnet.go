package build

import (
	"encoding/json"
	"fmt"
)

// ResNet is a residual network of basic blocks in four stages of 64 to 512
// channels, its normalisations folded into the convolutions, as exports have
// them. Blocks 2 is ResNet-18.
type ResNet struct {
	Name    string
	Blocks  int // of each stage
	Classes int
	Seed    uint64
}

// ConfigJSON is the config.json that Hugging Face keeps beside such a model.
func (c ResNet) ConfigJSON() []byte {
	b, _ := json.MarshalIndent(map[string]any{"architectures": []string{"ResNetForImageClassification"}, "model_type": "resnet",
		"layer_type": "basic", "num_channels": 3, "torch_dtype": "float32"}, "", "  ")
	return append(b, '\n')
}

// Graph maps pixel_values float32 [batch_size, 3, height, width] to logits
// [batch_size, classes]; any height and width from 32 on do.
func (c ResNet) Graph() *Graph {
	g := NewGraph("main_graph", Float)
	x := g.In("pixel_values", Float, DimBatch, 3, "height", "width")
	x = g.Op("Relu", []string{c.conv(g, x, "stem", 3, 64, 7, 2)})
	x = g.Op("MaxPool", []string{x}, AttrInts("kernel_shape", 3, 3), AttrInts("strides", 2, 2), AttrInts("pads", 1, 1, 1, 1))
	in := 64
	for stage := range 4 {
		for block := range c.Blocks {
			out, stride := 64<<stage, 1
			if stage > 0 && block == 0 {
				stride = 2
			}
			x = c.block(g, x, fmt.Sprintf("stage%d.%d", stage+1, block), in, out, stride)
			in = out
		}
	}
	x = g.Op("Flatten", []string{g.Op("GlobalAveragePool", []string{x})}, AttrInt("axis", 1))
	w := g.Weight(Weight{Name: "classifier.weight", Dims: []int{in, c.Classes}, Std: std(in), Seed: c.Seed})
	b := g.Weight(Weight{Name: "classifier.bias", Dims: []int{c.Classes}, Std: 0.1, Seed: c.Seed})
	g.Out(g.Op("Gemm", []string{x, w, b}), "logits", Float, DimBatch, c.Classes)
	return g
}

func (c ResNet) block(g *Graph, x, name string, in, out, stride int) string {
	g.Scope(name)
	y := g.Op("Relu", []string{c.conv(g, x, name+".conv1", in, out, 3, stride)})
	y = c.conv(g, y, name+".conv2", out, out, 3, 1)
	if stride != 1 || in != out {
		x = c.conv(g, x, name+".shortcut", in, out, 1, stride)
	}
	return g.Op("Relu", []string{g.Op("Add", []string{x, y})})
}

func (c ResNet) conv(g *Graph, x, name string, in, out, kernel, stride int) string {
	w := g.Weight(Weight{Name: name + ".weight", Dims: []int{out, in, kernel, kernel}, Std: std(kernel * kernel * in), Seed: c.Seed})
	b := g.Weight(Weight{Name: name + ".bias", Dims: []int{out}, Std: 0.1, Seed: c.Seed})
	k, s, p := int64(kernel), int64(stride), int64(kernel/2)
	return g.Op("Conv", []string{x, w, b}, AttrInts("kernel_shape", k, k), AttrInts("strides", s, s), AttrInts("pads", p, p, p, p))
}
