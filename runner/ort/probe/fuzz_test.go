package probe

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// FuzzRead reads a profile of the runtime.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`[{"cat":"Node","name":"a_kernel_time","args":{"op_name":"MatMul","provider":"CPUExecutionProvider","node_index":"1","parameter_size":"64","output_size":"8","input_type_shape":[{"float":[1,8]},{"float":[8,2]}],"output_type_shape":[{"float":[1,2]}]}}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "profile.json")
		must.OK(t, os.WriteFile(path, b, 0o600))
		if p, err := Read(path); err == nil && (p.Nodes < 1 || len(p.Providers) == 0) {
			t.Errorf("%+v", p)
		}
	})
}
