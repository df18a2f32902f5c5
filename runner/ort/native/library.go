package native

import (
	"fmt"
	"os"
	"reflect"
	"sync"
	"unsafe"

	ortgo "github.com/yalue/onnxruntime_go"

	"github.com/tailscope/tailscope/runner/ort/provision"
	"github.com/tailscope/tailscope/runner/protocol"
)

var Library struct {
	once    sync.Once
	path    string
	Version string
	err     error
}

// OpenLibrary loads ONNX Runtime once a process and returns its version. The
// first path wins: a process has one environment.
func OpenLibrary(path string) (string, error) {
	Library.once.Do(func() {
		Library.path = path
		Library.Version, Library.err = load(path)
	})
	if Library.err == nil && Library.path != path {
		return "", fmt.Errorf("this process already runs ONNX Runtime from %s", Library.path)
	}
	return Library.Version, Library.err
}

func load(path string) (string, error) {
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("ONNX Runtime library: %w; run tailscope setup", err)
	}
	// Linux builds since 1.29 send from the start on and write to the folder for
	// temporary files; Windows has the call below alone.
	if err := os.Setenv("ORT_DISABLE_TELEMETRY", "1"); err != nil {
		return "", fmt.Errorf("turn off ONNX Runtime's telemetry: %w", err)
	}
	if err := openShim(path); err != nil {
		return "", fmt.Errorf("load ONNX Runtime from %s: %w; run tailscope setup", path, err)
	}
	ortgo.SetSharedLibraryPath(path)
	if err := ortgo.InitializeEnvironment(ortgo.WithLogLevelError()); err != nil {
		return "", fmt.Errorf("start ONNX Runtime from %s: %w", path, err)
	}
	if err := ortgo.DisableTelemetry(); err != nil {
		return "", fmt.Errorf("turn off ONNX Runtime's telemetry: %w", err)
	}
	return ortgo.GetVersion(), checkLayout()
}

// Opened are ONNX Runtime's library and the provider's that lies beside it or
// was named, with their hashes.
func Opened(p Provider) []protocol.Library {
	files := []string{Library.path}
	switch {
	case p.plugin != nil:
		files = append(files, p.Options["library"])
	case p.Name == "cuda" || p.Name == "tensorrt":
		if path, err := provision.ProviderLibrary(Library.path, p.Name); err == nil {
			files = append(files, path)
		}
	}
	out := make([]protocol.Library, 0, len(files))
	for _, f := range files {
		sum, _ := provision.Hash(f)
		out = append(out, protocol.Library{Path: f, SHA256: sum})
	}
	return out
}

// checkLayout makes sure that the pointers which onnxruntime_go keeps to
// itself are where pointerOf looks for them.
func checkLayout() error {
	o, err := ortgo.NewSessionOptions()
	if err != nil {
		return fmt.Errorf("session options: %w", err)
	}
	defer o.Destroy()
	r, err := ortgo.NewRunOptions()
	if err != nil {
		return fmt.Errorf("run options: %w", err)
	}
	defer r.Destroy()
	if pointerOf(o) == nil || pointerOf(r) == nil {
		return fmt.Errorf("this build of onnxruntime_go keeps no pointer named o in its options: use version 1.27.0")
	}
	return nil
}

// pointerOf reads the C pointer of *SessionOptions and *RunOptions, whose
// field o is private; nil when there is none.
func pointerOf(options any) unsafe.Pointer {
	f := reflect.ValueOf(options).Elem().FieldByName("o")
	if !f.IsValid() || f.Kind() != reflect.Pointer {
		return nil
	}
	return f.UnsafePointer()
}

// HostMemory describes plain memory; made once.
var HostMemory = sync.OnceValues(func() (Memory, error) { return newMemory("Cpu", 0) })

// LoadError is a failure to load with the protocol's code of what is wrong.
type LoadError struct {
	Code string
	err  error
}

func (e *LoadError) Error() string { return e.err.Error() }
func (e *LoadError) Unwrap() error { return e.err }
