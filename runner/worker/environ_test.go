package worker

import (
	"slices"
	"testing"
)

// A worker gets what its runtimes need, no secret, and what is named.
func TestEnvironIsAnAllowList(t *testing.T) {
	in := []string{"PATH=/bin", "HOME=/h", "LD_LIBRARY_PATH=/l", "CUDA_VISIBLE_DEVICES=0", "PYTHONPATH=/p", "TORCHINDUCTOR_CACHE_DIR=/c", "OMP_NUM_THREADS=1",
		"TOKENIZERS_PARALLELISM=false", "HF_HOME=/hf", "LC_ALL=C", "TAILSCOPE_ORT_LIBRARY=/x", "GOMEMLIMIT=1",
		"AWS_SECRET_ACCESS_KEY=1", "GITHUB_TOKEN=2", "HF_TOKEN=3", "TAILSCOPE_API_KEY=4", "DATABASE_URL=5", "SSH_AUTH_SOCK=6", "OPENAI_API_KEY=7", "MY_SETTING=8"}
	if got, want := Environ(in), in[:12]; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := Environ(in, "HF_TOKEN", "MY_SETTING"); !slices.Contains(got, "HF_TOKEN=3") || !slices.Contains(got, "MY_SETTING=8") || len(got) != 14 {
		t.Errorf("%q", got)
	}
}
