package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/plain"
)

// hostileEngine says escape sequences wherever an engine may say something.
const hostileEngine = `import json, sys, time
evil = "a\x1b]0;owned\x07\x1b[31m\u009b1m\u202eb"
def send(t, **k): print(json.dumps({"t": t, **k}), flush=True)
now = lambda: time.clock_gettime_ns(time.CLOCK_MONOTONIC)
send("hello", protocol=1, engine=evil, version=evil, pid=1, clock_ns=now(), credit=4, modes=["prefill"],
     strategies={"prefill": ["variable", "eager"], "decode": []}, features=[])
n = 0
for line in sys.stdin:
    m = json.loads(line)
    if m["t"] == "load":
        send("loaded", dur_ns=0, model={"name": evil, "kind": "causal-lm"}, provider=evil, device=evil, threads=1,
             backends={"eager": evil, "optimized": evil}, boundary=evil, notes=[evil])
    elif m["t"] == "req":
        n += 1
        sys.stderr.write(evil + "\n"); sys.stderr.flush()
        for o, lane in enumerate(m["order"]):
            s = now()
            send("batch", lane=lane, mode=m["mode"], strategy="variable", shape=evil, backend=evil, request=[m["id"]], order=[o],
                 start_ns=[s], wall_ns=[100000], error=[evil if n % 3 == 0 else ""])
        if n == FATAL:
            send("error", fatal=True, message=evil); sys.exit(3)
    elif m["t"] == "flush": send("flushed", id=m["id"], dropped=[])
    elif m["t"] == "stop": break
send("bye", samples=2*n)
`

// TestEscapesDieInEveryCommand feeds hostile names through the commands and
// scans what they print.
func TestEscapesDieInEveryCommand(t *testing.T) {
	dir := t.TempDir()
	engine := func(fatal string) string {
		path := filepath.Join(dir, "engine"+fatal+".py")
		must.OK(t, os.WriteFile(path, []byte(strings.Replace(hostileEngine, "FATAL", fatal, 1)), 0o600))
		return "python3 " + path
	}
	evil := "=a\x1b]0;owned\a\u009b1m\u202e\xff"
	table := filepath.Join(dir, "evil.csv")
	must.OK(t, os.WriteFile(table, []byte("backend,latency_ms\n"+strings.Repeat(evil+",1\nb"+evil+",2\n", 30)), 0o600))
	broken := filepath.Join(dir, "broken"+evil[:4]+".csv")
	must.OK(t, os.WriteFile(broken, []byte(evil+","+evil+"\n1,2\n"), 0o600))
	config := filepath.Join(dir, "evil.yaml")
	must.OK(t, os.WriteFile(config, []byte("name: \"a\\e[31mb\"\n\"un\\ekown\": 1\n"), 0o600))
	out := filepath.Join(dir, "out")
	base := []string{"run", "--engine", "cmd", "--reps", "2", "--warmup", "0", "--out", out, "--engine-cmd"}
	scan := func(args ...string) {
		t.Helper()
		stdout, stderr, _ := run(t, args...)
		for name, s := range map[string]string{"stdout": stdout, "stderr": stderr} {
			if plain.Text(s) != s {
				t.Errorf("%s of %q holds what a terminal obeys: %q", name, args, s)
			}
		}
	}
	scan(append(base, engine("0"))...)
	scan(append(base, engine("5"))...)
	scan(append(append(base, engine("0")), "--json")...)
	sessions, err := filepath.Glob(filepath.Join(out, "*"))
	if err != nil || len(sessions) < 3 {
		t.Fatal(sessions, err)
	}
	s := sessions[0]
	for _, args := range [][]string{{"analyze", s}, {"analyze", table}, {"analyze", "--json", table}, {"analyze", broken}, {"compare", s, sessions[1]},
		{"compare", table, table}, {"report", s}, {"recover", s}, {"config", "show", "--config", config}, {"config", "validate", config},
		{"analyze", "no" + evil}, {"no" + evil}, {"run", "--no" + evil}, {"model", "inspect", table}, {"run", "--model", "no" + evil}} {
		scan(args...)
	}
}
