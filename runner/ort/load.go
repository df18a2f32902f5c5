package ort

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/ort/provision"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// findLibrary makes sure that a library is loaded and returns its version.
func findLibrary(ctx context.Context, o *Options) (string, error) {
	if o.Library == "" {
		path, err := provision.Ensure(ctx, provision.Options{Progress: os.Stderr})
		if err != nil {
			return "", err
		}
		o.Library = path
	}
	return native.OpenLibrary(o.Library)
}

// newEngine loads a model into the eager lane and prepares the optimized one.
func newEngine(l *protocol.Load, out *emitter, gate *sync.Mutex) (*engine, *protocol.Loaded, error) {
	start := native.Now()
	native.Settle(l.Beside)
	e := &engine{
		load: *l, out: out, region: region{gate: gate}, groups: map[[2]string]*group{}, eager: map[*native.Graph]*native.Session{}, second: map[*native.Graph]*native.Session{}, policy: newPolicy(l),
		proven: map[[3]string]bool{}, took: map[workKey]int64{},
		compile: l.Compile, kvEdges: l.KVEdges,
		checks: checks{share: l.Check, tolerance: tolerance, seen: map[[3]string]bool{}},
	}
	e.maker = &native.Maker{Threads: max(l.Threads, 1)}
	loaded := &protocol.Loaded{ProviderAsked: l.Provider, Threads: e.maker.Threads, CPUs: native.OwnCPUs()}
	if err := e.loadModel(l, loaded); err != nil {
		return nil, nil, err
	}
	e.finishLoad(loaded)
	e.findLimit(loaded)
	loaded.DurNs = native.Now() - start
	return e, loaded, nil
}

// loadModel prepares the graphs, opens the eager session and describes both.
func (e *engine) loadModel(l *protocol.Load, loaded *protocol.Loaded) (err error) {
	if e.model, err = onnxmodel.Prepare(l.Model); err != nil {
		return err
	}
	first, err := e.takeGraphs()
	if err != nil {
		return err
	}
	e.maker.Provider, loaded.Refusals, err = native.ChooseProvider(l.Provider, l.Device, l.Options, func(p native.Provider) error {
		e.maker.Provider = p
		if e.maker.Weights, err = native.NewWeights(p); err != nil {
			return err
		}
		e.maker.FreeStreams() // of a provider that was refused
		if err = e.maker.OpenStreams(); err != nil {
			return err
		}
		return e.tryEager(first)
	})
	if err != nil {
		return err
	}
	loaded.Precision = e.precision()
	loaded.Model = e.describe(l)
	if e.forwardG == nil {
		return nil
	}
	note, err := e.planDims(l, &loaded.Model)
	if note != "" {
		loaded.Notes = append(loaded.Notes, note)
	}
	loaded.Model.MadeUp = e.madeUp(&loaded.Model)
	return err
}

// precision says how products of float32 matrices run, and lets TF32's count
// as half precision where outputs are compared; "" with other models or devices.
func (e *engine) precision() string {
	p := e.maker.Provider
	switch {
	case e.checks.tolerance >= toleranceHalf || !p.OnCUDA() && p.Name != "tensorrt":
		return ""
	case p.TF32():
		e.checks.tolerance = toleranceHalf
		return "TF32 on"
	}
	return "TF32 off"
}

// tryEager opens the eager session of a graph with the provider in hand.
func (e *engine) tryEager(g *native.Graph) error {
	delete(e.eager, g)
	s, err := e.session(stats.Eager, g)
	if err != nil {
		return err
	}
	if e.maker.Provider.Memory == "" {
		return nil
	}
	if e.dev, err = e.maker.Provider.MemoryInfo(); err == nil {
		e.heap, err = s.C.Allocator(e.dev)
	}
	if err != nil {
		return fmt.Errorf("memory of the device: %w", err)
	}
	return nil
}

// takeGraphs reads the prepared graphs and returns the one that runs first.
func (e *engine) takeGraphs() (first *native.Graph, err error) {
	p := e.model
	if p.Forward != nil {
		err = e.takeForward()
		return e.forwardG, err
	}
	for _, x := range []struct {
		to             **native.Graph
		from, captured *onnxmodel.Graph
	}{
		{&e.prefillG, p.Prefill, p.PrefillCapture}, {&e.decodeG, p.Decode, nil}, {&e.bucketG, p.Bucketed, p.BucketedCapture},
		{&e.rightG, p.PrefillRight, nil}, {&e.fillG, p.PrefillFill, nil},
	} {
		if *x.to, err = native.NewGraph(x.from); err == nil && x.captured != nil {
			(*x.to).Captured, err = native.NewGraph(x.captured)
		}
		if err != nil {
			return nil, err
		}
	}
	if p.Decode == p.Prefill {
		e.decodeG = e.prefillG
	}
	e.vocab, e.maxPos = e.prefillG.Vocab, p.Info.MaxPositions
	if e.prefillG.Output(e.prefillG.Logits).Typ.Half() || strings.HasSuffix(p.Info.DType, "float16") {
		e.checks.tolerance = toleranceHalf
	}
	for _, a := range p.Info.Strategies["prefill"] {
		if a.Name == "padded" && !a.OK {
			e.noPad = a.Why
		}
	}
	return e.prefillG, nil
}

// takeForward reads the graph of a model that is no language model, and what its
// inputs are to hold.
func (e *engine) takeForward() (err error) {
	info := e.model.Info
	if e.forwardG, err = native.NewGraph(e.model.Forward); err != nil {
		return err
	}
	e.vocab = info.Vocab
	if half := func(o native.Port) bool { return o.Typ.Half() }; strings.HasSuffix(info.DType, "float16") || slices.ContainsFunc(e.forwardG.Outputs, half) {
		e.checks.tolerance = toleranceHalf
	}
	if e.feeds, err = newFeeds(info, e.load.Inputs, e.load.Recorded); err != nil {
		return err
	}
	for i := range e.forwardG.Inputs {
		if err := makeable(&e.forwardG.Inputs[i], e.feeds); err != nil {
			return fmt.Errorf("model %s: %w", info.Path, err)
		}
	}
	return nil
}

// finishLoad sets up the lanes and states what both run on.
func (e *engine) finishLoad(loaded *protocol.Loaded) {
	p := e.maker.Provider
	for id := range e.lanes {
		e.lanes[id] = e.newLane(stats.Lane(id))
		e.lanes[id].probe = native.NewNoiseProbe()
	}
	e.backends = [stats.NumLanes]string{"ort-" + p.Name + "-eager", "ort-" + p.Name + "-compiled"}
	loaded.Provider, loaded.Device = p.Name, p.Device
	loaded.Backends = map[string]string{"eager": e.backends[0], "optimized": e.backends[1]}
	loaded.Versions = map[string]string{"onnxruntime": native.Library.Version, "c_api": strconv.Itoa(native.APIVersion)}
	loaded.Libraries = native.Opened(p)
	loaded.Notes = append(loaded.Notes, p.Notes...)
	if n := native.AllowedCPUs(); e.maker.Threads > n {
		loaded.Notes = append(loaded.Notes, fmt.Sprintf("%d compute threads share %d CPU(s): they wait for each other, which can turn the winner round; --threads %d", e.maker.Threads, n, n))
	}
	loaded.Lacks = e.lackedModes()
	if p.Memory == configs.ProviderOf("webgpu").Memory {
		e.alone = true
		loaded.Lacks["concurrent"] = "two sessions on WebGPU that run at once end the process (onnxruntime issue 32561)"
	}
	e.believePadding(loaded)
	e.startCapture(loaded)
	loaded.Boundary = "the run returns when the CPU is done; the ArgMax of the last position lies in host memory then"
	switch {
	case e.maker.Streams[stats.Eager] != nil:
		loaded.Boundary = "the lane's stream of CUDA is idle and the ArgMax of the last position, 8 bytes, has come from the device on it"
	case p.Memory != "":
		loaded.Boundary = "the ArgMax of the last position, 8 bytes, is copied from the device to the host"
	}
}

// lackedModes is why the model cannot run a mode, and what it can run: forward
// too where its inputs cannot be made up, as they were given then.
func (e *engine) lackedModes() map[string]string {
	lacks, can := map[string]string{}, []string{}
	for _, m := range e.model.Info.Modes {
		if m.OK || m.Name == "forward" && e.forwardG != nil {
			can = append(can, m.Name)
			continue
		}
		lacks[m.Name] = m.Why
	}
	for name, why := range lacks {
		lacks[name] = why + "; this model runs in " + strings.Join(can, ", ") + ": --mode " + strings.Join(can, ",")
	}
	return lacks
}

// describe is the model as the protocol shows it.
func (e *engine) describe(l *protocol.Load) protocol.Model {
	in := e.model.Info
	m := protocol.Model{Name: l.Name, Path: l.Model, Kind: "any", DType: in.DType, Dims: in.Dims}
	m.Bytes, m.SHA256 = fingerprint(in)
	for _, p := range in.Inputs {
		m.Inputs = append(m.Inputs, native.ToPort(p).Wire())
	}
	for _, p := range in.Outputs {
		m.Outputs = append(m.Outputs, native.ToPort(p).Wire())
	}
	if e.forwardG != nil {
		m.Dims = e.forwardG.Symbols()
	}
	if e.prefillG != nil {
		m.Kind = stats.CausalLM
		m.Vocab, m.DType = e.vocab, e.prefillG.Output(e.prefillG.Logits).Typ.String()
		m.Layers, m.Heads, m.KVHeads, m.Width, m.MaxPositions = in.Layers, in.Heads, in.KVHeads, in.Width, in.MaxPositions
	}
	return m
}

// fingerprint is the size of a model and the SHA-256 of its file followed by
// its files of weights; "" when one cannot be read.
func fingerprint(in *onnxmodel.Info) (bytes int64, sum string) {
	files := []string{in.Path}
	for _, x := range in.ExternalFiles {
		files = append(files, filepath.Join(filepath.Dir(in.Path), x.Name))
	}
	sum, _ = provision.Hash(files...)
	return in.Bytes, sum
}
