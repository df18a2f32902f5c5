//go:build unix

package runner

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/stats"
)

// hostileEngines is what becomes of a session of 30 requests (60 samples) whose
// engine, testdata/hostile.py, has the fault at its 20th request or where the
// fault belongs. A session that goes on has all 60 samples.
var hostileEngines = []struct {
	outcome string
	faults  string // "NAME: what is said", one a line; without a colon nothing need be said
}{
	{"whole", `
zerowall
startsame
backwards
unknowntype
unknowntypes
unknownkind
tlong
eventfirst
eventmany
eventlane
eventrequest
emptylines
emptybatch
echo
loris: slow
crlf: crlf
extrakeys
deep9k
line15: (15728640 bytes)
line15loop: (15728640 bytes)
bigesc: (4194304 bytes)
badutf8
eventtime: impossible time
evilnames
manyshapes
longshape
slow
steps
stderr
stderrnl
stderrclosed
stderrbinary
closestdin
floodevents
floodcounters
floodevidence
floodshapes
errors: bad 9999
stopfork
stophang
stopflood
exit5_end
segv_end
credit0
creditneg
credithuge
modesmany
pidneg
hellolong
loadslow
loadedevil
loadeddims
loadedlong
loadedroof
flushedunasked
clearedunasked: left out: answer: nothing was cleared by number 77
profiledunasked: left out: answer: there is no profile number 77
countersneg: left out: counters: groups[0].unique_graphs is -3
countershuge: left out: counters: groups[0].recompiles is 9223372036854775807
checksfailed: left out: counters: checks.failed is 2 of 1
checksneg: left out: counters: checks.max_rel_l2 is -1
evidenceneg: left out: evidence: compile_ns is -1
bye: the engine says that it sent 1 samples, and 38 arrived
byelies: the engine says that it sent 1000000000000000 samples, and 38 arrived
`},
	{"another worker", `
sigkill: was killed (SIGKILL: by a user, or for want of memory), in request 20
segv: died of segmentation fault, in request 20
abort: died of aborted, in request 20
exit0_mid: ended by itself, in request 20
exit7_mid: exited with 7: CUDA error: device-side assert, in request 20
dieeach: exited with 4, in request 20
dieeachreq: exited with 4, in request 20
fork: exited with 5
forksetsid: exited with 5
forkmany: exited with 5
forkchain: exited with 5
stderresc: exited with 9:
stderrline: exited with 9: yyyyyyyyyy
closestdout: tailscope killed the worker: it closed its output and did not end, in request 20
binary: broke the protocol: line 41: not JSON at byte 1
nul: not JSON at byte 1: invalid character '\x00'
nulinside: invalid character '\x00' in string literal
bom: not JSON at byte 1
halfline: unexpected EOF: not JSON at byte 24
halfjson: not JSON at byte 20: unexpected end of JSON input
twoinone: after top-level value
array: got array, want a JSON object
string: got string, want a JSON object
null: key "t" is missing
tnumber: key "t": got number, want string
tmissing: key "t" is missing
nan: invalid character 'N'
float: key "start_ns": got number 1.5e300, want int64
wrongcount: column "wall_ns" has 2 entries, request has 1
dupkeys: column "order" has 1 entries, request has 2
reqstring: key "request": got string
reqnegative: key "request": got number -1
reqhuge: key "request": got number 18446744073709551616
reqbool: key "request": got bool
reqnull: column "order" has 1 entries, request has 0
wallnested: key "wall_ns": got array
walle400: key "wall_ns": got number 1e400
walldigits: 9999999999999, want int64
deep: exceeded max depth
hostwords: message "req": key "order" is missing
longline: longer than 16777216 bytes
nonewline: longer than 16777216 bytes
`},
	{"late", `
hang
byestay
hangterm
halflinehang
sigstop
drop
`},
	{"failures", `
allerrors: no kernel
erroresc: PWNED
negwall: impossible figure: wall_ns is -5
minwall: impossible figure: wall_ns is -9223372036854775808
hugewall: impossible figure: wall_ns is 9223372036854775807
future: impossible figure: start_ns is 277777h46m
future1h: impossible figure: start_ns is
past: impossible figure: start_ns is -1281
maxstart: impossible figure: start_ns is 2562
negcols: impossible figure: device_ns is -9
hugecols: impossible figure: device_ns is 9223372036854775807
stepsneg: impossible figure: step 0 takes -1 ns
`},
	{"end", `
version: speaks protocol 2
clockoff: does not use CLOCK_MONOTONIC
helloempty: the engine without a name speaks protocol 0
creditfloat: key "credit": got number 1.5, want int
exit0: ended by itself before the model was loaded
exit3: exited with 3: something is broken before the model was loaded
exit0_afterhello: before the model was loaded
loadedexit: before the model was loaded
nohandshakebin: broke the protocol: line 1
loadedfirst: said loaded when it was not asked
loaded2: said loaded when it was not asked
hello2: said hello twice
loadedmaxpos: cannot be: max_positions is -5
loadedbytes: cannot be: bytes is -1
loadedthreads: cannot be: threads is -4
batchfirst: a sample of request 1, which is not in hand
neversent: a sample of request 999999999, which is not in hand
badlane: unknown lane "third"
modegone: unknown mode ""
modelong: batch of lane "eager", mode "mmm
othermode: a sample of mode "kv_decode"
swaplane: order 0 in a sample of the optimized lane
dupreq: order 1 in a sample of the eager lane
badutf8batch: two samples of the eager lane
triple: two samples of the eager lane
order300: order 300 in a sample
orderneg: order -1 in a sample
workbad: work: unknown lane "third"
fatal: take a smaller model
fatalstay: out of memory
fatalempty: failed and gave no reason
fatallong: mmmm
`},
}

// TestHostileEngines: each fault of testdata/hostile.py has the outcome above,
// soon, and leaves no process behind.
func TestHostileEngines(t *testing.T) {
	demand.Time(t)
	out, err := exec.Command(demand.Command(t, demand.Python, "python3"), "-c", "import sys; print(sys.executable)").Output()
	if err != nil { // which the name may only lead to, slowly
		t.Fatal(err)
	}
	python := strings.TrimSpace(string(out))
	for _, kind := range hostileEngines {
		for line := range strings.Lines(strings.TrimSpace(kind.faults)) {
			fault, said, _ := strings.Cut(strings.TrimSpace(line), ": ")
			t.Run(fault, func(t *testing.T) {
				t.Parallel()
				cfg := sessionConfig()
				cfg.RequestTimeout, cfg.Warmup = configs.Duration(time.Minute), 0
				if kind.outcome == "late" {
					cfg.RequestTimeout = configs.Duration(2 * time.Second)
				}
				res, mem := runSession(t, "", cfg, func(o *Options) { o.Engine.Argv = []string{python, "testdata/hostile.py", fault, "20"} })
				mem.outcome(t, res, kind.outcome, said)
				nothingIsLeft(t, fault)
			})
		}
	}
}

// outcome holds a session against what is expected of its fault.
func (m *memory) outcome(t *testing.T, res Result, want, said string) {
	t.Helper()
	failed, exits := 0, 0
	var told strings.Builder
	fmt.Fprintln(&told, res.Err)
	for _, s := range m.samples {
		if s.Failed {
			failed++
		}
	}
	for _, e := range m.events {
		if e.Kind == stats.KindWorkerExit {
			exits++
		}
		told.WriteString(e.Reason + "\n")
	}
	texts := told.String()
	if !strings.Contains(texts, said) {
		t.Errorf("%q is not said: %s", said, clip(texts, 2000))
	}
	if got := map[string]bool{
		"whole":          exits == 0 && failed == 0,
		"another worker": exits > 0 && failed == 0,
		"late":           exits > 0 && failed >= 2 && strings.Contains(texts, "no answer within 2s to request 20"),
		"failures":       exits == 0 && failed == 22,
		"end":            res.Err != nil && len(res.Err.Error()) < 2*maxReason,
	}[want]; !got || want != "end" && (len(m.samples) != 60 || res.Err != nil) {
		t.Errorf("want %s: %d samples, %d failed, %d exits, %v", want, len(m.samples), failed, exits, res.Err)
	}
}

// nothingIsLeft looks for processes of a fault's engine, soon none.
func nothingIsLeft(t *testing.T, fault string) {
	t.Helper()
	left := func() (pids []string) {
		lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, path := range lines {
			b, err := os.ReadFile(path) // it may end meanwhile
			if err == nil && strings.Contains(string(b), "hostile.py\x00"+fault+"\x00") {
				pids = append(pids, filepath.Base(filepath.Dir(path)))
			}
		}
		return pids
	}
	for end := time.Now().Add(20 * time.Second); len(left()) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("processes %v are still there", left())
		}
	}
}

// TestHostileEnginesAreAll: the table has each fault that the script knows.
func TestHostileEnginesAreAll(t *testing.T) {
	b := must.Get(os.ReadFile("testdata/hostile.py"))(t)
	known := map[string]bool{"silent": true, "nohello": true, "loadnever": true, "lanesevil": true,
		"line15many": true} // TestEngineThatNeverSpeaks, TestALoadHasADeadline, TestLargeLinesAreReadOneAtATime
	for _, kind := range hostileEngines {
		for line := range strings.Lines(kind.faults) {
			fault, _, _ := strings.Cut(strings.TrimSpace(line), ":")
			known[fault] = true
		}
	}
	for _, m := range strings.Split(string(b), `F == "`)[1:] {
		if fault, _, _ := strings.Cut(m, `"`); !known[fault] {
			t.Errorf("%s has no row", fault)
		}
	}
}
