package worker

import (
	"regexp"
	"slices"
	"strings"
)

// allowed are the variables that a worker gets: what finds programs, libraries
// and caches, and what steers the runtimes below it. A name that ends with *
// is a beginning.
var allowed = strings.Fields(`PATH HOME USER LOGNAME SHELL LANG LANGUAGE LC_* TZ TERM TMPDIR TEMP TMP XDG_*
	LD_* DYLD_* GLIBC_* MALLOC_* LOCPATH
	PYTHON* VIRTUAL_ENV CONDA_* PYENV_* TAILSCOPE_* TS_*
	CUDA* CUDNN* CUBLAS* NVIDIA_* NCCL_* NV* GPU_* ROCR_* HIP_* HSA_* ROCM_* ZE_* ONEAPI_*
	TORCH* PYTORCH* TRITON_* INDUCTOR_* TRANSFORMERS_* HF_* TOKENIZERS_* SAFETENSORS_*
	ORT_* ONNX* VK_* VULKAN_* DAWN_* MESA_* LIBGL_* EGL_* WGPU_* DISPLAY
	OMP_* GOMP_* KMP_* MKL_* OPENBLAS_* BLIS_* NUMEXPR_* VECLIB_*
	GO* CC CXX CFLAGS CXXFLAGS LDFLAGS CUDAHOSTCXX SSL_CERT_* REQUESTS_CA_BUNDLE
	http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY all_proxy
	SYSTEMROOT SystemRoot WINDIR COMSPEC PATHEXT APPDATA LOCALAPPDATA USERPROFILE PROGRAMDATA PROGRAMFILES* NUMBER_OF_PROCESSORS`)

// secretName is how variables are called that hold a secret.
var secretName = regexp.MustCompile(`(?i)(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|(API|ACCESS|PRIVATE)_?KEY|(^|_)AUTH(_|$))`)

// Environ is the part of an environment that a worker gets: what is allowed and
// holds no secret by its name, and what is named besides.
func Environ(env []string, named ...string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return !slices.Contains(named, name) && (!isAllowed(name) || secretName.MatchString(name) && name != "TOKENIZERS_PARALLELISM")
	})
}

func isAllowed(name string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		begin, ok := strings.CutSuffix(a, "*")
		return name == a || ok && strings.HasPrefix(name, begin)
	})
}
