package native

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	ortgo "github.com/yalue/onnxruntime_go"

	"github.com/tailscope/tailscope/configs"
)

// pluginProvider is the provider that lies in a library of its own, given by
// path, which ONNX Runtime loads at run time. auto never tries it.
const pluginProvider = "plugin"

// plugin is a device of a plugin provider.
type plugin struct {
	name         string // ONNX Runtime's name of the provider
	index        int    // among the devices of all providers
	keys, values []string
	mem          Memory // none: the host's
	cuda         bool   // it is CUDA's provider
}

// plugins are the libraries that this process has registered: the providers
// each brought, by path.
var plugins struct {
	mu sync.Mutex
	by map[string][]string
}

// registerPlugin loads the library at path, once a process, and returns the
// names of the providers that came with it.
func registerPlugin(path string) ([]string, error) {
	plugins.mu.Lock()
	defer plugins.mu.Unlock()
	if names, ok := plugins.by[path]; ok {
		return names, nil
	}
	if st, err := os.Stat(path); err != nil {
		return nil, err
	} else if st.IsDir() {
		return nil, fmt.Errorf("%s is a folder, not a library", path)
	}
	before, err := deviceCounts()
	if err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := ortgo.RegisterExecutionProviderLibrary(fmt.Sprintf("tailscope-%d", len(plugins.by)), abs); err != nil {
		return nil, fmt.Errorf("register %s: %w", path, err)
	}
	after, err := deviceCounts()
	if err != nil {
		return nil, err
	}
	var added []string
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if after[name] > before[name] {
			added = append(added, name)
		}
	}
	if plugins.by == nil {
		plugins.by = map[string][]string{}
	}
	plugins.by[path] = added
	return added, nil
}

// deviceCounts is how many devices each provider offers.
func deviceCounts() (map[string]int, error) {
	devices, err := epDevices()
	n := map[string]int{}
	for _, d := range devices {
		n[d.provider]++
	}
	return n, err
}

// pickPlugin loads the library and picks the device that was asked for.
func (p *Provider) pickPlugin() error {
	path := p.Options["library"]
	if path == "" {
		return &LoadError{"option", fmt.Errorf("provider plugin needs its library: --option plugin.library=PATH")}
	}
	keys, values, err := parsePairs(p.Options["options"])
	if err != nil {
		return &LoadError{"option", fmt.Errorf("engine option plugin.options: %w", err)}
	}
	onCUDA := filepath.Base(path) == cudaLibrary
	if onCUDA {
		if err := openCUDA(path, Library.Version, p.id); err != nil {
			return err
		}
	}
	names, err := registerPlugin(path)
	if err != nil {
		return err
	}
	name := p.Options["provider"]
	switch {
	case len(names) == 0:
		return fmt.Errorf("the library %s offers no device on this machine", path)
	case name == "" && len(names) > 1:
		return &LoadError{"option", fmt.Errorf("the library %s has the providers %s: choose one with --option plugin.provider=NAME", path, strings.Join(names, ", "))}
	case name == "":
		name = names[0]
	case !slices.Contains(names, name):
		return fmt.Errorf("the library %s has no provider %q: it has %s", path, name, strings.Join(names, ", "))
	}
	all, err := epDevices()
	if err != nil {
		return err
	}
	mine := slices.DeleteFunc(all, func(d epDevice) bool { return d.provider != name })
	if p.id < 0 || p.id >= len(mine) {
		return fmt.Errorf("provider %s has %d devices; device %d is not there", name, len(mine), p.id)
	}
	d := mine[p.id]
	p.plugin = &plugin{name: name, index: d.index, keys: keys, values: values, cuda: onCUDA && name == configs.ProviderOf("cuda").ORT}
	p.Device = fmt.Sprintf("%s %s device %d (%s)", d.vendor, [...]string{"CPU", "GPU", "NPU"}[min(max(d.kind, 0), 2)], p.id, name)
	p.plugin.mem, p.Memory, err = epMemory(d.index)
	return err
}

func (x *plugin) apply(o cOptions, spec SessionSpec, on *stream) error {
	opts := map[string]string{}
	if x.cuda {
		on.name(opts)
		if spec.Capture {
			opts[configs.ProviderOf("cuda").Graph] = "1"
		}
	}
	keys := slices.Collect(maps.Keys(opts))
	values := make([]string, len(keys))
	for i, k := range keys {
		values[i] = opts[k]
	}
	return o.addDevice(x.index, slices.Concat(x.keys, keys), slices.Concat(x.values, values))
}

// MemoryInfo describes the memory of the provider's device.
func (p Provider) MemoryInfo() (Memory, error) {
	if p.plugin != nil {
		return p.plugin.mem, nil
	}
	return newMemory(p.Memory, p.id)
}

// parsePairs reads "key=value;key=value".
func parsePairs(text string) (keys, values []string, err error) {
	for pair := range strings.SplitSeq(text, ";") {
		if pair == "" {
			continue
		}
		k, v, ok := strings.Cut(pair, "=")
		if !ok || k == "" {
			return nil, nil, fmt.Errorf("%q is not key=value", pair)
		}
		keys, values = append(keys, k), append(values, v)
	}
	return keys, values, nil
}
