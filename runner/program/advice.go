package program

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/tailscope/tailscope/stats"
)

// compiling is the hook's word, before it, for a compile that begins.
const compiling stats.Kind = "compiling"

// long is how long a compile takes that is told before it has ended.
const long = time.Second

// begun notes a compile that began, if it is a long one: the call that waits
// for it is a sample only when it returns.
func (p *proc) begun(l *line) {
	p.o.load(p)
	if l.Call == 0 || p.compiling[l.Call] {
		return
	}
	p.compiling[l.Call] = true
	id, c := p.id(l.Call), p.callables[l.Callable]
	e := stats.Event{TNs: l.TNs, Kind: stats.KindMark, Lane: stats.Lanes[l.Lane&1], Mode: mode, Strategy: c.strategy, Shape: p.shapes[l.Shape], Request: &id,
		Reason: fmt.Sprintf("%s: compiling for shape %s, for more than %v so far", p.scenario(c), p.shapes[l.Shape], long), Extra: map[string]any{"pid": p.about.PID, "compiling": true}}
	time.AfterFunc(long, func() {
		p.o.locked(func() {
			if p.compiling[l.Call] {
				p.o.note(e)
			}
		})
	})
}

// dimension is one of a tensor that made torch compile again.
type dimension struct {
	callable, tensor, index string
	dynamic                 bool
	n, told                 int
	ns                      int64
}

var mismatch = regexp.MustCompile(`tensor '([^']+)' size mismatch at index (\d+)`)

// advise counts a recompile by the size that changed, and says what to do
// about it once it is no accident: with dynamic=None torch itself makes a
// dimension dynamic at its first change.
func (p *proc) advise(l *line, c callable) {
	m := mismatch.FindStringSubmatch(l.Reason)
	if l.Kind != stats.KindRecompile || m == nil {
		return
	}
	key := p.scenario(c) + m[0]
	d := p.advised[key]
	if d == nil {
		d = &dimension{callable: p.scenario(c), tensor: m[1], index: m[2], dynamic: c.strategy == "dynamic"}
		p.advised[key] = d
	}
	d.n++
	d.ns += l.DurNs
	p.advice(false)
}

// advice tells what would end recompiles: at the second, and at the end of the
// process with what they took.
func (p *proc) advice(last bool) {
	for _, k := range slices.Sorted(maps.Keys(p.advised)) {
		d := p.advised[k]
		if d.n < 2 || d.dynamic || d.n == d.told || d.told > 0 && !last {
			continue
		}
		d.told = d.n
		p.o.note(stats.Event{Kind: stats.KindMark, Reason: fmt.Sprintf("%s: %d recompiles, %.1f s, as dimension %s of %s changes: torch._dynamo.mark_dynamic(%s, %s) before the first call, or torch.compile(…, dynamic=True), makes one executable for its sizes",
			d.callable, d.n, float64(d.ns)/1e9, d.index, d.tensor, d.tensor, d.index),
			Extra: map[string]any{"advice": "mark_dynamic", "tensor": d.tensor, "dimension": d.index, "recompiles": d.n, "recompile_ns": d.ns, "pid": p.about.PID}})
	}
}
