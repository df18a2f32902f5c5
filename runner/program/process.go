package program

import (
	"encoding/json"
	"fmt"

	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// line is what the hook says; its keys are those of all its messages.
type line struct {
	T string `json:"t"`

	PID    int      `json:"pid"` // process
	PPID   int      `json:"ppid"`
	Rank   *int     `json:"rank"`
	Argv   []string `json:"argv"`
	Torch  string   `json:"torch"`
	Python string   `json:"python"`
	CUDA   string   `json:"cuda"`
	HookNs int64    `json:"hook_ns"`

	ID       int    `json:"id"` // callable, shape
	Name     string `json:"name"`
	Backend  string `json:"backend"`
	Strategy string `json:"strategy"`
	Mode     string `json:"mode"`
	Limit    int    `json:"limit"`
	Text     string `json:"text"`

	Rows [][]int64 `json:"rows"` // calls

	Kind     stats.Kind     `json:"kind"` // event
	Reason   string         `json:"reason"`
	TNs      int64          `json:"t_ns"`
	DurNs    int64          `json:"dur_ns"`
	Call     uint64         `json:"call"`
	Callable int            `json:"callable"`
	Shape    int            `json:"shape"`
	Lane     int            `json:"lane"`
	Device   bool           `json:"on_cuda"`
	Extra    map[string]any `json:"extra"`

	Error  string `json:"error"` // failed
	N      int    `json:"n"`     // dropped
	Code   int    `json:"code"`  // exited
	Signal string `json:"signal"`
}

// Columns of a row of calls; a short row lacks the last ones.
const (
	colCallable = iota
	colShape
	colLane
	colNumber
	colStart
	colWall
	colDevice
	colCompile
	colRunDelay
	colMinFlt
	colMajFlt
	colNIvCSw
)

// callable is something that torch.compile returned.
type callable struct {
	name, backend, strategy, mode string
	limit                         int
}

// proc is one hooked process.
type proc struct {
	o         *observer
	about     line
	callables map[int]callable
	shapes    map[int]string
	ids       map[uint64]uint64 // the process's number of a call that was mentioned, to ours
	failed    map[uint64]string
	cuda      bool // its tensors were on CUDA
	compiling map[uint64]bool
	advised   map[string]*dimension
}

func newProc(o *observer) *proc {
	return &proc{o: o, callables: map[int]callable{}, shapes: map[int]string{}, ids: map[uint64]uint64{}, failed: map[uint64]string{},
		compiling: map[uint64]bool{}, advised: map[string]*dimension{}}
}

// id is our number of a call: ours never come twice.
func (p *proc) id(call uint64) uint64 {
	if n, ok := p.ids[call]; ok {
		return n
	}
	p.o.lastID++
	p.ids[call] = p.o.lastID
	return p.o.lastID
}

// scenario names a callable; with ranks, whose it is.
func (p *proc) scenario(c callable) string {
	if p.about.Rank != nil {
		return fmt.Sprintf("rank %d · %s", *p.about.Rank, c.name)
	}
	return c.name
}

// where is what a backend's name begins with.
func (p *proc) where() string { return map[bool]string{true: "torch-cuda", false: "torch-cpu"}[p.cuda] }

func (p *proc) backend(c callable, lane int) string {
	if lane == 0 {
		return p.where() + "-eager"
	}
	return p.where() + "-" + c.backend
}

// take handles one line.
func (p *proc) take(raw []byte) {
	var l line
	if err := json.Unmarshal(raw, &l); err != nil {
		p.o.note(stats.Event{Kind: stats.KindError, Reason: fmt.Sprintf("a line of the hook in process %d is not understood: %v", p.about.PID, err)})
		return
	}
	switch l.T {
	case "process":
		p.about = l
		p.o.arrived(p)
	case "callable":
		p.callables[l.ID] = callable{l.Name, l.Backend, l.Strategy, l.Mode, l.Limit}
	case "shape":
		p.shapes[l.ID] = l.Text
	case "failed":
		p.failed[l.Call] = l.Error
	case "event":
		p.event(&l)
	case "calls":
		p.calls(l.Rows)
	case "dropped":
		p.o.dropped += uint64(l.N)
		p.o.note(stats.Event{Kind: stats.KindDrop, Reason: fmt.Sprintf("process %d: %d calls came faster than they could be told and were dropped", p.about.PID, l.N),
			Extra: map[string]any{"n": l.N, "pid": p.about.PID}})
	case "exited":
		p.o.exited(l.Code, l.Signal)
	}
}

// event passes on what torch did, with the call it happened in.
func (p *proc) event(l *line) {
	p.cuda = p.cuda || l.Device
	if l.Kind == compiling {
		p.begun(l)
		return
	}
	delete(p.compiling, l.Call)
	e := stats.Event{TNs: l.TNs, Kind: l.Kind, DurNs: l.DurNs, Reason: l.Reason, Extra: l.Extra}
	if e.Extra == nil {
		e.Extra = map[string]any{}
	}
	e.Extra["pid"] = p.about.PID
	var c callable
	if l.Call != 0 {
		id := p.id(l.Call)
		c = p.callables[l.Callable]
		e.Request, e.Lane, e.Mode, e.Strategy, e.Shape = &id, stats.Lanes[l.Lane&1], mode, c.strategy, p.shapes[l.Shape]
		e.Reason, e.Extra["function"] = p.scenario(c)+": "+e.Reason, p.scenario(c)
	}
	p.o.load(p)
	p.o.count(c, &e)
	p.o.note(e)
	p.advise(l, c)
	if made := l.Kind == stats.KindCompile || l.Kind == stats.KindRecompile; made && l.Call != 0 {
		b := p.backend(c, 1)
		p.o.send(&protocol.Evidence{Lane: "optimized", Mode: mode, Strategy: c.strategy, Shape: e.Shape, BackendRequested: b,
			BackendActual: b, CompileNs: l.DurNs, Extra: map[string]any{"callable": p.scenario(c), "reason": l.Reason, "mode": c.mode}})
	}
}

// calls turns rows into batches of one callable, lane and shape each.
func (p *proc) calls(rows [][]int64) {
	var b *protocol.Batch
	var of [3]int64
	for _, r := range rows {
		if len(r) <= colCompile {
			continue
		}
		if r[colDevice] >= 0 {
			p.cuda = true
		}
		p.o.load(p)
		if k := [3]int64{r[colCallable], r[colShape], r[colLane]}; b == nil || k != of {
			p.o.batch(b)
			c := p.callables[int(k[0])]
			b, of = &protocol.Batch{Lane: stats.Lanes[k[2]&1], Mode: mode, Strategy: c.strategy, Shape: p.shapes[int(k[1])],
				Backend: p.backend(c, int(k[2])), Scenario: p.scenario(c)}, k
		}
		p.add(b, r)
	}
	p.o.batch(b)
}

// add appends a row to its batch.
func (p *proc) add(b *protocol.Batch, r []int64) {
	call := uint64(r[colNumber])
	b.Request, b.Order = append(b.Request, p.id(call)), append(b.Order, 0)
	b.StartNs, b.WallNs = append(b.StartNs, r[colStart]), append(b.WallNs, r[colWall])
	b.DeviceNs, b.CompileNs = append(b.DeviceNs, r[colDevice]), append(b.CompileNs, r[colCompile])
	b.RunDelayNs, b.MinFlt = append(b.RunDelayNs, at(r, colRunDelay)), append(b.MinFlt, at(r, colMinFlt))
	b.MajFlt, b.NIvCSw = append(b.MajFlt, at(r, colMajFlt)), append(b.NIvCSw, at(r, colNIvCSw))
	b.ExecutedTokens = append(b.ExecutedTokens, 1)
	b.Error = append(b.Error, p.failed[call])
	if lane := int(r[colLane] & 1); p.failed[call] == "" && r[colCompile] == 0 {
		p.o.strata.Add(b.Scenario+" "+b.Shape, lane, r[colWall])
		p.o.lanes[lane]++
	}
	delete(p.failed, call)
	delete(p.ids, call)
}

func at(r []int64, i int) int64 {
	if i < len(r) {
		return r[i]
	}
	return -1
}
