package machine

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/onnxmodel/testmodels"
)

// model runs a model command and returns its output and exit code.
func model(t *testing.T, args ...string) (out string, code int, err error) {
	t.Helper()
	var b bytes.Buffer
	cmd := NewModelCmd()
	cmd.SetArgs(args)
	cmd.SetOut(&b)
	cmd.SetErr(&b)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err = cmd.Execute()
	return b.String(), exit.Code(err), err
}

func TestModelBuildAndInspect(t *testing.T) {
	dir := t.TempDir()
	out, code, err := model(t, "build", "tiny-gpt2", "--out", dir)
	path := filepath.Join(dir, "tiny-gpt2", "model.onnx")
	if code != 0 || strings.TrimSpace(out) != path {
		t.Fatalf("%q, exit %d, %v", out, code, err)
	}
	out, code, err = model(t, "inspect", filepath.Dir(path))
	if code != 0 {
		t.Fatal(err)
	}
	for _, want := range []string{
		"causal language model, one graph", "2 layers, 2 heads", "vocabulary 50257",
		"input_ids: int64[batch_size, sequence_length]", "kv-bucketed  yes", "static-cache no: the graph concatenates",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	out, _, _ = model(t, "inspect", "--json", path)
	var info onnxmodel.Info
	if err := json.Unmarshal([]byte(out), &info); err != nil || info.Layers != 2 || len(info.Inputs) != 7 {
		t.Errorf("%v: %+v", err, info)
	}
}

func TestModelErrors(t *testing.T) {
	dir := t.TempDir()
	cut := must.Get(testmodels.Write(dir, "mlp"))(t)
	must.OK(t, os.Truncate(cut, 2000))
	for _, c := range []struct {
		args, want string
		code       int
	}{
		{"build gpt3", `no built-in model "gpt3"; there are default, tiny-gpt2, gpt2`, exit.BadUsage},
		{"build", "name a model", exit.BadUsage},
		{"inspect", "accepts 1 arg", exit.BadUsage},
		{"inspect " + filepath.Join(dir, "none"), "no model file or folder", exit.BadUsage},
		{"inspect " + cut, "model.onnx: is cut short or damaged", exit.Failed},
		{"inspect builtin:nope", "there are default", exit.BadUsage},
	} {
		_, code, err := model(t, strings.Fields(c.args)...)
		if code != c.code || err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: exit %d, %v; want %d, …%s…", c.args, code, err, c.code, c.want)
		}
	}
}
