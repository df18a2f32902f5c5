package conformance

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

// python returns the interpreter that the example engine needs.
func python(t *testing.T) string {
	for _, name := range []string{"python3", "python"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	demand.Lacks(t, demand.Python, "no python interpreter in the path")
	return ""
}

func TestExampleEngine(t *testing.T) {
	file := must.Get(filepath.Abs("../../../docs/example_engine.py"))(t)
	Run(t, []string{python(t), file}, Options{})
}

func TestExampleEngineIsShort(t *testing.T) {
	text := must.Get(os.ReadFile("../../../docs/example_engine.py"))(t)
	if n := strings.Count(string(text), "\n"); n >= 100 {
		t.Errorf("%d lines, want fewer than 100", n)
	}
}

// TestEngineOfEnvironment runs the engine that the user names.
func TestEngineOfEnvironment(t *testing.T) {
	command := os.Getenv("TAILSCOPE_ENGINE")
	if command == "" {
		t.Skip("TAILSCOPE_ENGINE names no engine")
	}
	dir := must.Get(filepath.Abs("../../.."))(t)
	o := Options{Dir: dir}
	o.Load.Model = os.Getenv("TAILSCOPE_ENGINE_MODEL")
	o.Load.Name = o.Load.Model
	Run(t, []string{"sh", "-c", "exec " + command}, o)
}

// TestBrokenEngines checks the checker: each fault, planted into the example
// engine by replacing text, is found in the scenario named.
func TestBrokenEngines(t *testing.T) {
	interpreter := python(t)
	text := must.Get(os.ReadFile("../../../docs/example_engine.py"))(t)
	for name, c := range map[string]struct{ scenario, old, new, want string }{
		"version":      {"StopAtOnce", "protocol=1", "protocol=2", "protocol 2"},
		"wrong clock":  {"StopAtOnce", "CLOCK_MONOTONIC)", "CLOCK_REALTIME)", "from CLOCK_MONOTONIC"},
		"garbage":      {"StopAtOnce", "send(\"hello\"", "out.write(\"Loading…\\n\")\nsend(\"hello\"", "malformed line"},
		"unknown mode": {"StopAtOnce", `modes=["prefill"]`, `modes=["prefill","train"]`, `modes holds "train"`},
		"miscount":     {"CompileOnce", "samples=samples", "samples=samples+1", "bye counts"},
		"lost sample": {"OneLane", `if t == "load"`, `if t == "req" and "optimized" in m["order"]: return
    if t == "load"`, "no answer to every request"},
		"backdated":     {"OneLane", "start_ns=[start]", "start_ns=[start - 10**9]", "it was sent at"},
		"zero time":     {"OneLane", "wall = now() - start", "wall = 0", "no time at all"},
		"swapped order": {"CompileOnce", "order=[order]", "order=[1 - order]", "order 1"},
		"event too late": {"CompileOnce", "    return ys and", `    send("event", t_ns=now(), kind="mark", reason="late", request=req["id"], lane=lane)
    return ys and`, "comes after its sample"},
		"compile too late": {"CompileOnce", `t_ns=start, kind=kind, dur_ns=cost`, `t_ns=now(), kind=kind, dur_ns=cost+60*10**9`, "lasting"},
		"silent compile":   {"CompileOnce", `tell(("event", dict(t_ns=start, kind=kind, dur_ns=cost`, `str(("event", dict(t_ns=start, kind=kind, dur_ns=cost`, "compile event false"},
		"no limit":         {"RecompileLimit", `g["unique_graphs"] >= limit`, `g["unique_graphs"] >= 99`, "limit_reached"},
		"recompiles":       {"CompileOnce", `elif (s, n) not in graphs:`, `else:`, "compiles of one shape"},
		"no clear":         {"Clear", "graphs.clear()", "pass", "compiles in all after clear"},
		"deaf to set":      {"SetLimit", `elif t == "set"`, `elif t == "get"`, "after the limit was raised"},
		"compiles in A/A":  {"AA", `req.get("aa")`, "False", "A/A"},
		"silent refusal":   {"BadRequests", `if req["mode"] != "prefill" or n < req["tokens"]`, "if False", "but it cannot"},
		"dies of garbage":  {"MalformedLines", "(ValueError, KeyError, TypeError)", "ZeroDivisionError", "stdout closed"},
		"wrong line":       {"MalformedLines", "line {number}", "line", "want code input"},
		"outlives stdin":   {"StdinCloses", `send("bye"`, `time.sleep(99); send("bye"`, "after stdin closed"},
		"exit code":        {"StopAtOnce", `send("bye", samples=samples)`, `send("bye", samples=samples); sys.exit(3)`, "exit code 3"},
		"talks after bye":  {"StopAtOnce", `send("bye", samples=samples)`, `send("bye", samples=samples); send("counters", groups=[], checks=checks)`, "after bye"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(string(text), c.old) {
				t.Fatalf("the example engine has no %q", c.old)
			}
			file := filepath.Join(t.TempDir(), "engine.py")
			broken := strings.ReplaceAll(string(text), c.old, c.new)
			must.OK(t, os.WriteFile(file, []byte(broken), 0o644))
			var found []string
			for _, sc := range scenarios {
				if sc.name == c.scenario {
					wait := 30 * time.Second
					if strings.HasPrefix(c.want, "no ") && strings.Contains(c.want, "answer") || c.scenario == "StdinCloses" {
						wait = 6 * time.Second // the fault is silence
					}
					found = check([]string{interpreter, file}, Options{Answer: wait}, sc, t.TempDir(), t.Logf)
				}
			}
			if !strings.Contains(strings.Join(found, "\n"), c.want) {
				t.Errorf("found %q, want something with %q", found, c.want)
			}
		})
	}
}

func TestNoEngine(t *testing.T) {
	if got := check([]string{"/nowhere/engine"}, Options{}, scenarios[0], "", t.Logf); len(got) != 1 {
		t.Errorf("got %q", got)
	}
	if got := check([]string{"true"}, Options{}, scenarios[0], "", t.Logf); len(got) == 0 || !strings.Contains(got[0], "stdout closed") {
		t.Errorf("got %q", got)
	}
}
