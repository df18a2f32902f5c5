package native

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Option is an engine option: a key of --options and what it may hold.
type Option struct {
	Key      string // as the user writes it, prefixed with its provider
	Provider string // "": this engine's own, of any provider
	Name     string // ONNX Runtime's own name of it
	Values   string // choices separated by |, or "bytes", "path", "text"
	Doc      string
}

// Options lists every engine option that is passed on.
var Options = []Option{
	{CacheOption, "", "", "device|host", "where the cache goes between steps; host, for comparison, copies it back and forth each step"},
	{"cuda.cudnn_search", "cuda", "cudnn_conv_algo_search", "EXHAUSTIVE|HEURISTIC|DEFAULT", "how cuDNN picks a convolution; EXHAUSTIVE searches whenever a session's shape changes"},
	{"cuda.arena_strategy", "cuda", "arena_extend_strategy", "kNextPowerOfTwo|kSameAsRequested", "how the device's arena grows"},
	{"cuda.memory_limit", "cuda", "gpu_mem_limit", "bytes", "bound of the device's arena"},
	{"cuda.tf32", "cuda", "use_tf32", "0|1", "TensorFloat-32 in matrix products"},
	{"tensorrt.fp16", "tensorrt", "trt_fp16_enable", "0|1", "half precision"},
	{"tensorrt.engine_cache", "tensorrt", "trt_engine_cache_enable", "0|1", "keep engines on disk"},
	{"tensorrt.engine_cache_path", "tensorrt", "trt_engine_cache_path", "path", "where engines are kept"},
	{"tensorrt.profile_min_shapes", "tensorrt", "trt_profile_min_shapes", "text", "least shape of each input: name:1x1,…"},
	{"tensorrt.profile_max_shapes", "tensorrt", "trt_profile_max_shapes", "text", "greatest shape of each input"},
	{"tensorrt.profile_opt_shapes", "tensorrt", "trt_profile_opt_shapes", "text", "shape to optimise for"},
	{"tensorrt.workspace", "tensorrt", "trt_max_workspace_size", "bytes", "bound of TensorRT's workspace"},
	{"plugin.library", "plugin", "library", "path", "library of the plugin provider; provider plugin needs it"},
	{"plugin.provider", "plugin", "provider", "text", "which provider of the library, where it has several"},
	{"plugin.options", "plugin", "options", "text", "options of the provider itself: key=value;key=value"},
	{"webgpu.int64", "webgpu", "enableInt64", "0|1", "keep int64 operators on the device; capture needs it"},
	{"webgpu.layout", "webgpu", "preferredLayout", "NCHW|NHWC", "layout of convolutions"},
	{"webgpu.validation", "webgpu", "validationMode", "disabled|wgpuOnly|basic|full", "checks of each dispatch"},
	{"webgpu.storage_cache", "webgpu", "storageBufferCacheMode", "disabled|lazyRelease|simple|bucket", "how buffers are kept for use again"},
}

const CacheOption = "kv_cache"

// CheckOptions picks the options of a provider and checks their values. A key
// that no provider has is an error; one of another provider is not used.
func CheckOptions(provider string, options map[string]string) (map[string]string, error) {
	out := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(options)) {
		i := slices.IndexFunc(Options, func(o Option) bool { return o.Key == key })
		if i < 0 {
			return nil, fmt.Errorf("unknown engine option %q: there are %s", key, optionKeys())
		}
		o := Options[i]
		if err := o.check(options[key]); err != nil {
			return nil, err
		}
		if o.Provider == provider {
			out[o.Name] = options[key]
		}
	}
	return out, nil
}

// unusedOptions says which options another provider than the one asked for
// would need.
func unusedOptions(p Provider, options map[string]string) []string {
	var notes []string
	for _, o := range Options {
		_, given := options[o.Key]
		used := o.Provider == p.Name || o.Provider == "cuda" && p.Name == "tensorrt" || o.Provider == "" && p.Name != "cpu"
		if given && !used {
			notes = append(notes, fmt.Sprintf("engine option %s does nothing with provider %s", o.Key, p.Name))
		}
	}
	return notes
}

func (o Option) check(v string) error {
	switch o.Values {
	case "bytes":
		if n, err := strconv.ParseInt(v, 10, 64); err != nil || n < 0 {
			return fmt.Errorf("engine option %s: %q is no whole number", o.Key, v)
		}
	case "path", "text":
		if v == "" {
			return fmt.Errorf("engine option %s is empty", o.Key)
		}
	default:
		if !slices.Contains(strings.Split(o.Values, "|"), v) {
			return fmt.Errorf("engine option %s: %q is not one of %s", o.Key, v, strings.ReplaceAll(o.Values, "|", ", "))
		}
	}
	return nil
}

func optionKeys() string {
	keys := make([]string, len(Options))
	for i, o := range Options {
		keys[i] = o.Key
	}
	return strings.Join(keys, ", ")
}
