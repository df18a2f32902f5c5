package native

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	ortgo "github.com/yalue/onnxruntime_go"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/ort/provision"
	"github.com/tailscope/tailscope/runner/protocol"
)

// Provider is an execution provider with what it was asked to use.
type Provider struct {
	Name    string            // cpu, webgpu, cuda, tensorrt
	Device  string            // what computes, for people
	Memory  string            // name of the device's memory, "" for the host
	id      int               // device index
	Options map[string]string // ONNX Runtime's own names, checked
	Rest    map[string]string // of tensorrt: those of CUDA, which takes what it leaves
	Notes   []string

	Software bool // the device computes on the processor

	plugin *plugin // of provider plugin
}

// providerOrder is the order in which auto tries.
var providerOrder = func() (out []string) {
	for _, r := range configs.Providers {
		if r.Auto {
			out = append(out, r.Word)
		}
	}
	return out
}()

// ChooseProvider finds the provider that was asked for, or under auto the
// first that works. try must make a session with it.
func ChooseProvider(asked string, device int, options map[string]string, try func(Provider) error) (Provider, []protocol.Refusal, error) {
	var refused []protocol.Refusal
	names := []string{asked}
	if asked == "" || asked == "auto" {
		names = providerOrder
	}
	auto := len(names) > 1
	if !auto && asked != pluginProvider && !slices.Contains(providerOrder, asked) {
		return Provider{}, nil, &LoadError{"provider", fmt.Errorf("unknown provider %q: want auto, %s, %s", asked, strings.Join(providerOrder, ", "), pluginProvider)}
	}
	for _, name := range names {
		p, err := NewProvider(name, device, options, auto)
		if err == nil {
			err = p.open()
		}
		if err == nil {
			err = p.Explain(try(p))
		}
		if err == nil {
			return p, refused, nil
		}
		var model *LoadError
		if errors.As(err, &model) {
			return p, refused, err
		}
		if !auto {
			return p, refused, &LoadError{"provider", fmt.Errorf("provider %s: %s; 'tailscope doctor' says what this machine can run", name, OneLine(err))}
		}
		refused = append(refused, protocol.Refusal{Provider: name, Reason: OneLine(err)})
	}
	return Provider{}, refused, &LoadError{"provider", fmt.Errorf("no provider works: cpu: %s", refused[len(refused)-1].Reason)}
}

// NewProvider checks what can be checked before a session is made.
func NewProvider(name string, device int, options map[string]string, auto bool) (Provider, error) {
	p := Provider{Name: name, id: device}
	if r := configs.ProviderOf(name); r != nil {
		p.Memory = r.Memory
	}
	var err error
	if p.Options, err = CheckOptions(name, options); err != nil {
		return p, &LoadError{"option", err}
	}
	if name == "tensorrt" {
		p.Rest, _ = CheckOptions("cuda", options)
	}
	if !auto {
		p.Notes = unusedOptions(p, options)
	}
	switch name {
	case "cpu":
		p.Device = cpuName()
		if device != 0 && !auto {
			return p, fmt.Errorf("there is one CPU device, 0; device %d is not there", device)
		}
		p.id = 0
	case "webgpu":
		return p, p.pickVulkan(auto)
	case pluginProvider:
		return p, p.pickPlugin()
	default:
		p.Device = "CUDA device " + strconv.Itoa(device)
	}
	return p, nil
}

// open finds and opens what the provider needs of CUDA.
func (p *Provider) open() error {
	if p.Name != "cuda" && p.Name != "tensorrt" {
		return nil
	}
	path, err := provision.ProviderLibrary(Library.path, p.Name)
	if err == nil && p.Name == "tensorrt" {
		err = openCUDA(filepath.Join(filepath.Dir(path), cudaLibrary), Library.Version, p.id)
	}
	if err == nil {
		err = openCUDA(path, Library.Version, p.id)
	}
	if Cuda.Devices > p.id {
		p.Device = cudaName(p.id)
	}
	return p.Explain(err)
}

// Explain says of a failure for want of memory how much the device has left:
// libraries of CUDA that get none often call it an internal error.
func (p Provider) Explain(err error) error {
	if err == nil || Cuda.Devices == 0 || !p.OnCUDA() && p.Name != "tensorrt" {
		return err
	}
	for _, l := range Cuda.Lacks {
		if name, _, _ := strings.Cut(strings.TrimPrefix(l.Name, "lib"), "."); strings.Contains(strings.ToLower(err.Error()), strings.ToLower(name)) {
			return fmt.Errorf("%s is not on this machine, and this model needs it: pip install %s: %w", l.Name, l.Brings, err)
		}
	}
	available, total, asked := cudaMemory(p.id)
	if !noMemory.MatchString(err.Error()) && (asked != nil || available > total/50) {
		return err
	}
	if asked != nil {
		return fmt.Errorf("the memory of %s is taken: end what holds it (nvidia-smi lists it) or choose another --device: %w", p.Device, err)
	}
	return fmt.Errorf("%s has %d MB of its %d MB left, which is too little: end what holds them (nvidia-smi lists it) or choose another --device: %w",
		p.Device, available>>20, total>>20, err)
}

var noMemory = regexp.MustCompile(`(?i)out of memory|failed to allocate|ALLOC_FAILED`)

// OnCUDA reports whether the CUDA provider runs the sessions, as itself or as
// a plugin.
func (p Provider) OnCUDA() bool { return p.Name == "cuda" || p.plugin != nil && p.plugin.cuda }

// Captures reports whether the provider can capture a session's graph.
func (p Provider) Captures() bool { return p.Name == "webgpu" || p.Name == "tensorrt" || p.OnCUDA() }

// TF32 reports whether products of float32 matrices run in TensorFloat-32,
// which CUDA's provider does unless told otherwise.
func (p Provider) TF32() bool {
	if p.plugin != nil {
		i := slices.Index(p.plugin.keys, "use_tf32")
		return p.plugin.cuda && (i < 0 || p.plugin.values[i] != "0")
	}
	return p.Name == "cuda" && p.Options["use_tf32"] != "0" || p.Name == "tensorrt"
}

// pickVulkan names the device that WebGPU will use.
func (p *Provider) pickVulkan(auto bool) error {
	devices, err := VulkanDevices()
	if err != nil {
		return err
	}
	if p.id < 0 || p.id >= len(devices) {
		return fmt.Errorf("Vulkan has %d devices; device %d is not there", len(devices), p.id)
	}
	if p.id > 0 {
		return fmt.Errorf("WebGPU chooses its device itself and takes %s; use VK_ICD_FILENAMES or MESA_VK_DEVICE_SELECT to choose another", devices[0].name)
	}
	d := devices[0]
	p.Device = d.name + " (Vulkan)"
	if !d.software() {
		return nil
	}
	if auto {
		return fmt.Errorf("%s computes on the processor; --provider webgpu takes it all the same", d.name)
	}
	p.Software = true
	p.Notes = append(p.Notes, d.name+" is no GPU: it computes on the processor")
	return nil
}

func (p Provider) apply(o *ortgo.SessionOptions, spec SessionSpec, on *stream) error {
	switch p.Name {
	case "webgpu":
		opts := maps.Clone(p.Options)
		if spec.Capture {
			opts["enableGraphCapture"], opts["enableInt64"] = "1", "1"
		}
		return o.AppendExecutionProvider("WebGPU", opts)
	case pluginProvider:
		return p.plugin.apply(cOptions{pointerOf(o)}, spec, on)
	case "cuda":
		return applyCUDA(o, p.ForSession(p.Options, spec, on))
	case "tensorrt":
		if err := applyNVIDIA(ortgo.NewTensorRTProviderOptions, o.AppendExecutionProviderTensorRT, p.ForSession(p.Options, spec, nil)); err != nil {
			return err
		}
		return applyCUDA(o, p.ForSession(p.Rest, SessionSpec{}, nil)) // takes what TensorRT leaves
	}
	return nil
}

// ForSession are the options of one session on a CUDA device. Its graphs are
// for sessions that capture: a replay over other shapes or addresses than it was
// recorded with answers wrongly, and nothing says so.
func (p Provider) ForSession(options map[string]string, spec SessionSpec, on *stream) map[string]string {
	opts := map[string]string{"device_id": strconv.Itoa(p.id)}
	maps.Copy(opts, options)
	for _, r := range configs.Providers {
		delete(opts, r.Graph)
	}
	if spec.Capture {
		opts[configs.ProviderOf(p.Name).Graph] = "1"
	}
	on.name(opts)
	return opts
}

// name tells options of a CUDA session which stream to run on.
func (s *stream) name(opts map[string]string) {
	if s != nil {
		opts["has_user_compute_stream"], opts["user_compute_stream"] = "1", s.Address()
	}
}

func applyCUDA(o *ortgo.SessionOptions, opts map[string]string) error {
	return applyNVIDIA(ortgo.NewCUDAProviderOptions, o.AppendExecutionProviderCUDA, opts)
}

// applyNVIDIA makes the options of a provider and appends the provider with them.
func applyNVIDIA[O interface {
	Update(map[string]string) error
	Destroy() error
}](make func() (O, error), add func(O) error, opts map[string]string) error {
	c, err := make()
	if err != nil {
		return err
	}
	defer c.Destroy()
	if err := c.Update(opts); err != nil {
		return err
	}
	return add(c)
}

var (
	// the place in ONNX Runtime's source, and its error code, before what it says
	ortTrace    = regexp.MustCompile(`/onnxruntime_src/.*?\[ONNXRuntimeError\] : \d+ : \w+ : `)
	notLoaded   = regexp.MustCompile(`Failed to load library (\S+) with error: (.*)$`)
	cudaFailure = regexp.MustCompile(`[A-Z]+ failure -?\d+: [^;]*[^; ]`) // of what a failed call of CUDA says of itself
	howItComes  = "eager session: session options: "                     // every provider is tried so
)

// Profiled is the name under which the profile's nodes of this provider stand.
func (p Provider) Profiled() string {
	if p.plugin != nil {
		return ShortProvider(p.plugin.name)
	}
	return p.Name
}

// OneLine is an error as one short sentence.
func OneLine(err error) string {
	s := strings.Join(strings.Fields(err.Error()), " ")
	s = strings.TrimPrefix(ortTrace.ReplaceAllString(s, ""), howItComes)
	if m := cudaFailure.FindString(s); m != "" {
		s = m
	}
	if m := notLoaded.FindStringSubmatch(s); m != nil {
		s = strings.TrimSuffix(s, m[0]) + filepath.Base(m[1]) + " cannot be loaded: " + strings.TrimPrefix(m[2], m[1]+": ")
	}
	if len(s) > 300 {
		s = s[:300] + "…"
	}
	return s
}

// cpuName is the processor's name as the kernel gives it.
func cpuName() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
			return strings.TrimSpace(v)
		}
	}
	return "CPU"
}

// ShortProvider is our name of a provider that ONNX Runtime names.
func ShortProvider(name string) string {
	for _, r := range configs.Providers {
		if r.ORT == name {
			return r.Word
		}
	}
	return name
}

// Searches reports whether cuDNN looks for the fastest algorithm of each
// convolution: what the CUDA provider has it do unless told otherwise.
func (p Provider) Searches() bool {
	return p.Name == "cuda" && p.Options["cudnn_conv_algo_search"] != "HEURISTIC" && p.Options["cudnn_conv_algo_search"] != "DEFAULT"
}
