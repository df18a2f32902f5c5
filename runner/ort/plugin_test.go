package ort

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// buildPlugin compiles testdata/plugin.c against onnxruntime_go's headers.
func buildPlugin(t *testing.T) string {
	t.Helper()
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	lib := filepath.Join(t.TempDir(), "libtestprovider.so")
	out, err := exec.Command(cc, "-shared", "-fPIC", "-I", moduleDir(t, "github.com/yalue/onnxruntime_go"), "-o", lib, "testdata/plugin.c").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return lib
}

// A provider in a library of its own is loaded by path and its device used.
// This one takes no node: everything runs on the CPU, which is a fallback
// however well the session was made.
func TestPluginProvider(t *testing.T) {
	lib := buildPlugin(t)
	k := startWorker(t)
	l := k.loadBuiltin("default", func(l *protocol.Load) {
		l.Provider, l.Options = "plugin", map[string]string{"plugin.library": lib}
	})
	if l.Provider != "plugin" || !strings.Contains(l.Device, "TestProvider") {
		t.Fatalf("loaded %+v", l)
	}
	k.prefill("variable", 6, 6)
	k.decode("kv_decode", "dynamic", "dynamic", 5, 5, 3)
	k.drain("optimized", 2)
	for _, r := range k.settle()["optimized"] {
		if r.err != "" {
			t.Error(r.err)
		}
	}
	var e *protocol.Evidence
	for _, m := range k.all {
		if x, ok := m.(*protocol.Evidence); ok && e == nil {
			e = x
		}
	}
	if e == nil {
		t.Fatal("no evidence came")
	}
	if e.FallbackFrom == "" || e.NodesPerProvider["TestProvider"] != 0 || e.NodesPerProvider["cpu"] == 0 {
		t.Errorf("evidence %+v", *e)
	}
	if f := k.events(stats.KindFallback); len(f) == 0 || !strings.Contains(f[0].Reason, "ran on TestProvider") {
		t.Errorf("%d fallback events", len(f))
	}
}

func TestPluginRefusals(t *testing.T) {
	testOpen(t)
	lib := buildPlugin(t)
	none := filepath.Join(t.TempDir(), "none.so")
	text := filepath.Join(t.TempDir(), "text.so")
	must.OK(t, os.WriteFile(text, []byte("no library"), 0o644))
	for want, o := range map[string]map[string]string{
		"plugin.library":         nil,
		"no such file":           {"plugin.library": none},
		"is a folder":            {"plugin.library": t.TempDir()},
		"register":               {"plugin.library": text},
		"has no provider":        {"plugin.library": lib, "plugin.provider": "Other"},
		"is not key=value":       {"plugin.library": lib, "plugin.options": "fail"},
		"device 3 is not there":  {"plugin.library": lib},
		"told to fail":           {"plugin.library": lib, "plugin.options": "fail=1"},
		"unknown engine option ": {"plugin.libary": lib},
	} {
		device := 0
		if strings.HasPrefix(want, "device") {
			device = 3
		}
		_, _, err := native.ChooseProvider("plugin", device, o, native.TryProbe)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", o, err, want)
		}
	}
}
