package torch

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

// TestLookingForTorchIsNoImport hooks a program that asks whether there is a
// torch before it imports it, as transformers does: it was never hooked.
func TestLookingForTorchIsNoImport(t *testing.T) {
	python := demand.Command(t, demand.Python, "python3")
	dir := t.TempDir()
	for name, text := range map[string]string{
		"hook/sitecustomize.py":       string(must.Get(files.ReadFile("hook/sitecustomize.py"))(t)),
		"tailscope_torch/__init__.py": "",
		"tailscope_torch/hook.py":     "def install():\n    import torch\n    print('hooked', torch.whole)\n",
		"modules/torch.py":            "whole = True\n",
	} {
		must.OK(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		must.OK(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	const look = "import importlib.util as u; print(u.find_spec('torch').name);"
	for program, want := range map[string]string{
		look + look + "import torch": "torch torch hooked True",
		"import torch; " + look:      "hooked True torch",
		look:                         "torch",
	} {
		c := exec.Command(python, "-c", program)
		c.Env = append(os.Environ(), "TAILSCOPE_EXEC=nowhere", "PYTHONPATH="+filepath.Join(dir, "hook")+string(os.PathListSeparator)+filepath.Join(dir, "modules"))
		if got := strings.Join(strings.Fields(string(must.Get(c.Output())(t))), " "); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", program, got, want)
		}
	}
}

// TestTheEndOfAProgramIsNotHeld ends hooked programs that nobody listens to any
// more, with more to say than a socket holds: one that was over before its first
// sending waited for ever, and os._exit lost its keyword.
func TestTheEndOfAProgramIsNotHeld(t *testing.T) {
	python := demand.Command(t, demand.Python, "python3")
	dir := must.Get(install(t.TempDir()))(t)
	address := filepath.Join(t.TempDir(), "deaf")
	deaf := must.Get(net.Listen("unix", address))(t)
	t.Cleanup(func() { deaf.Close() })
	for end, code := range map[string]int{"pass": 0, "os._exit(7)": 7, "os._exit(status=7)": 7} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			c := exec.CommandContext(ctx, python, "-c", `
import os, sys
from tailscope_torch import hooklink
hooklink.EVERY = 60
link = hooklink.Link(sys.argv[1])
for i in range(4000):
    link.say("mark", text="x" * 1000)
`+end, address)
			c.Env = append(os.Environ(), "PYTHONPATH="+dir)
			if out, err := c.CombinedOutput(); c.ProcessState.ExitCode() != code || len(out) > 0 {
				t.Errorf("%v, want exit code %d: %s", err, code, out)
			}
		})
	}
}

// A recording that cannot begin has no end: the device's time was never taken again.
func TestARecordingThatCannotBegin(t *testing.T) {
	const lines = `
import torch, types
class graph:
    def __init__(self, broken): self.broken = broken
    def __enter__(self): 1 / (not self.broken)
    def __exit__(self, *args): pass
torch.cuda.graph = graph
from tailscope_torch.hookwatch import Watch
w = Watch(types.SimpleNamespace(capturing=0))
w.graphs_of_users()
for broken in (False, True):
    try:
        with torch.cuda.graph(broken): print(w.hook.capturing)
    except ZeroDivisionError: pass
    print(w.hook.capturing)
`
	if got, want := python(t, lines), "1\n0\n0\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// A program may close all files that it did not open, also within a call: what the
// kernel said of the thread is then not known, and the call is the program's as ever.
// Unknown stood as 0, and the reading's error was the program's.
func TestAClosedReadingIsUnknown(t *testing.T) {
	const lines = `
import os
from tailscope_torch.timing import Thread
t = Thread()
before = t.read()
print(t.since(before, 1)[0] in (0, 1) or before[0] < 0)
if t.fd is not None: os.close(t.fd)
print(t.since(before, 1)[0], t.since(t.read())[0], len(t.read()))
`
	if got, want := python(t, lines), "True\n-1 -1 4\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// What fails in the hook is never the program's: a lost device, an exception that
// cannot say what it is, a callable that cannot be observed.
func TestWhatFailsInTheHookIsItsOwn(t *testing.T) {
	const lines = `
import os, torch
os.environ["TAILSCOPE_EXEC"] = "nowhere"
from tailscope_torch import hook as module
class Lost:
    def __init__(self, **how): self.works = False
    def record(self): 1 / self.works
    def query(self): 1 / self.works
torch.cuda.Event = Lost
hook = module.Hook()
print(hook.before())
pair = Lost(), Lost()
hook.late.rows.append((pair, [0] * 8))
print(hook.before())
hook.after(pair, [0] * 8)
print(len(hook.link.rows))
class Mute(Exception):
    def __str__(self): return 1 / 0
def broken(x): raise Mute()
from tailscope_torch.hookcall import Callable
try: hook.calls.timed(broken, broken, Callable(0))(1)
except Mute: print("Mute")
def watched(): raise RuntimeError("no guards")
torch.compile = lambda model=None, **how: model
torch.version.cuda, module.cost = None, lambda hook: 0
hook.install()
hook.watch.install = watched
print(torch.compile(broken) is broken)
`
	if got, want := python(t, lines), "None\nNone\n1\nMute\nTrue\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// A nested tensor computes and tells no shape: a hooked program ended at the first
// call on one, and a reading of the host kept a file open for each thread there was.
func TestACallWithoutShapeAndThreadsThatEnd(t *testing.T) {
	const lines = `
import os, threading, torch
os.environ["TAILSCOPE_EXEC"] = "nowhere"
from tailscope_torch import hook as module
from tailscope_torch.hookcall import Callable
class Nested(torch.Tensor):
    shape, is_cuda = property(lambda self: 1 / 0), False
    def __init__(self): pass
torch.Tensor, torch.Size, x = Nested, tuple, Nested()
hook, one = module.Hook(), Callable(0)
call = hook.calls.timed(lambda x: "answer", None, one)
hook.link.start = lambda: None
for one.rate in (0, 1.0):
    print(call(x), call([x]), hook.calls.local.call.depth)
print({hook.shape(row[1]) for row in hook.link.rows}, [f["text"] for _, f in hook.link.said])
one.usual = 1 << 40
files = len(os.listdir("/dev/fd"))
for _ in range(50):
    t = threading.Thread(target=call, args=(1,)); t.start(); t.join()
print(len(os.listdir("/dev/fd")) - files)
`
	if got, want := python(t, lines), "answer answer 0\nanswer answer 0\n{0} ['?']\n0\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
