package probe

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Profile is what one run's nodes were.
type Profile struct {
	Nodes     int
	Providers map[string]int // nodes by execution provider, as ONNX Runtime names it
	Operators map[string]int
	Ops       float64 // operations of products, convolutions and attention: a multiplication and an addition are two
	Gathered  float64 // bytes that gathers took from weights
	Uncounted string  // an operator whose operations are not known; "": Ops is the whole
}

// shaped is a tensor as the profile has it: its element type and its sizes.
type shaped map[string][]int64

type event struct {
	Cat  string `json:"cat"`
	Name string `json:"name"`
	Args struct {
		Op         string   `json:"op_name"`
		Provider   string   `json:"provider"`
		Index      string   `json:"node_index"`
		Parameters string   `json:"parameter_size"` // bytes of its weights
		OutputSize string   `json:"output_size"`    // bytes
		In         []shaped `json:"input_type_shape"`
		Out        []shaped `json:"output_type_shape"`
	} `json:"args"`
}

// Read reads a profile: JSON events, of which those of category Node with a
// provider are runs of one node.
func Read(path string) (*Profile, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var events []event
	if err := json.Unmarshal(data, &events); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	p := &Profile{Providers: map[string]int{}, Operators: map[string]int{}}
	seen := map[[3]string]bool{}
	for i := range events {
		ev := &events[i]
		k := [3]string{ev.Name, ev.Args.Index, ev.Args.Provider}
		if ev.Cat != "Node" || ev.Args.Provider == "" || !strings.HasSuffix(ev.Name, "_kernel_time") || seen[k] {
			continue
		}
		seen[k] = true
		p.Nodes++
		p.Providers[ev.Args.Provider]++
		p.Operators[ev.Args.Op]++
		p.count(ev)
	}
	if p.Nodes == 0 {
		return nil, errors.New("the profile holds no node")
	}
	return p, nil
}

// count adds a node's operations.
func (p *Profile) count(ev *event) {
	a := &ev.Args
	if a.Op == "Gather" && number(a.Parameters) > 0 {
		p.Gathered += number(a.OutputSize)
	}
	formula, ok := formulas[a.Op]
	if !ok {
		return
	}
	in, out := dims(a.In), dims(a.Out)
	ops := -1.
	if formula != nil && len(in) > 0 && len(out) > 0 {
		ops = formula(in, out[0])
	}
	if ops < 0 {
		p.Uncounted = a.Op
		return
	}
	p.Ops += ops
}

func number(s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0
	}
	return v
}

func dims(all []shaped) (out [][]int64) {
	for _, s := range all {
		for _, d := range s {
			out = append(out, d)
		}
	}
	return out
}
