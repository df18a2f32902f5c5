package ort

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// OnCUDA skips where CUDA's provider does not run: these tests are for a
// machine with an NVIDIA GPU, where scripts/ort-gpu-check runs them.
func OnCUDA(t testing.TB) {
	t.Helper()
	testOpen(t)
	if _, _, err := native.ChooseProvider("cuda", 0, nil, native.TryProbe); err != nil {
		demand.Lacks(t, demand.CUDA, err.Error())
	}
}

func cudaLoad(capture string) func(*protocol.Load) {
	return func(l *protocol.Load) { l.Provider, l.Capture, l.Check = "cuda", capture, 1 }
}

// fastestPrefill is the least wall and device time of a prompt in a lane.
func fastestPrefill(t testing.TB, e *engine, lane string, batch, tokens, n int) (wall, device float64) {
	var walls, devices []int64
	const warm = 6
	for i := range n + warm {
		r := &protocol.Request{ID: uint64(i), Seed: uint64(i), Mode: "prefill", Batch: batch, Tokens: tokens, Exec: [2]int{tokens, tokens},
			Order: []string{lane}, Strategy: protocol.Strategy{Prefill: "variable"}}
		e.request(r)
		e.out.flushIfDue()
		if e.last.err != "" {
			t.Fatal(e.last.err)
		}
		if i >= warm {
			walls, devices = append(walls, e.last.wallNs), append(devices, e.last.deviceNs)
		}
	}
	return float64(slices.Min(walls)), float64(slices.Min(devices))
}

// A region ends when the device is done: twice the work takes twice the time,
// and no less than the arithmetic can take on this chip's matrix units.
func TestCUDAWorkScalesTheTime(t *testing.T) {
	OnCUDA(t)
	e := newTestEngine(t, "gpt2", func(l *protocol.Load) {
		l.Provider, l.Capture, l.Check = "cuda", "off", 0
	})
	const weights, peak = 124e6, 495e12 // of the model; dense TF32 operations a second of an H100 or H200
	for _, lane := range []string{"eager", "optimized"} {
		once, devOnce := fastestPrefill(t, e, lane, 8, 1024, 12)
		twice, devTwice := fastestPrefill(t, e, lane, 16, 1024, 12)
		t.Logf("%s: batch 8 %.2f ms (device %.2f), batch 16 %.2f ms (device %.2f)", lane, once/1e6, devOnce/1e6, twice/1e6, devTwice/1e6)
		if r := twice / once; r < 1.7 || r > 2.4 {
			t.Errorf("%s: twice the work takes %.2f times the time", lane, r)
		}
		if least := 2 * weights * 16 * 1024 / peak * 1e9; twice < least {
			t.Errorf("%s: %.2f ms is less than the arithmetic takes, %.2f ms", lane, twice/1e6, least/1e6)
		}
		if devTwice <= 0 || devTwice > twice || devTwice < twice/2 {
			t.Errorf("%s: device time %.2f ms of %.2f ms", lane, devTwice/1e6, twice/1e6)
		}
	}
	runsWait(t, e)
}

// runsWait holds that a run which is not told otherwise returns when the device
// is done: of tens of milliseconds, which take far less to launch, only the
// callback is left that gives pinned memory back.
func runsWait(t *testing.T, e *engine) {
	l, s := e.lanes[stats.Optimized], e.group("prefill", "variable").oldest().s
	var run, left []int64
	for i := range 9 {
		p, err := e.prompt(l, &protocol.Request{Mode: "prefill", Seed: uint64(i), Batch: 8, Tokens: 1024, Exec: [2]int{1024, 1024}})
		must.OK(t, err)
		c := must.Get(l.bindPrompt(s, lmShape{batch: 8, seq: 1024}, p))(t)
		err = s.Stream.Wait()
		start := native.Now()
		if err == nil {
			err = s.C.Run(native.RunOptions{}, c.b, native.Value{}, native.Value{}, &native.Span{})
		}
		ran := native.Now()
		if err == nil {
			err = s.Stream.Wait()
		}
		must.OK(t, err)
		run, left = append(run, ran-start), append(left, native.Now()-ran)
	}
	t.Logf("a run takes %.2f ms and leaves %.3f ms, %.3f at most", median(run)/1e6, median(left)/1e6, float64(slices.Max(left))/1e6)
	if median(left) > median(run)/20 {
		t.Error("runs return before the device is done")
	}
}

// Both lanes at once run on two streams and overlap.
func TestCUDAConcurrent(t *testing.T) {
	OnCUDA(t)
	e := newTestEngine(t, "default", cudaLoad("auto"))
	overlap := 0
	for i := range 40 {
		r := &protocol.Request{ID: uint64(i), Seed: uint64(i), Mode: "prefill", Batch: 1, Tokens: 64, Exec: [2]int{64, 64}, Together: true,
			Order: []string{"eager", "optimized"}, Strategy: protocol.Strategy{Prefill: "padded"}}
		outs := e.together(func() *outcome { return e.inLane(e.lanes[0], r, 0) }, func() *outcome { return e.inLane(e.lanes[1], r, 1) }, e.lanes[:])
		for _, o := range outs {
			if o.sample.err != "" {
				t.Fatalf("request %d: %s", i, o.sample.err)
			}
			o.lane.pending = nil
		}
		a, b := outs[0].sample, outs[1].sample
		if min(a.startNs+a.wallNs, b.startNs+b.wallNs) > max(a.startNs, b.startNs) {
			overlap++
		}
	}
	if overlap < 35 {
		t.Errorf("%d of 40 requests overlapped", overlap)
	}
	if e.maker.Streams[0].Address() == e.maker.Streams[1].Address() {
		t.Error("the lanes share a stream")
	}
}

// BenchmarkCUDAAgainstBareLoop reports the p50 of a prompt through the engine
// over that of bare loops over the same session and bound buffers, which write
// their inputs as it does: one that lets ONNX Runtime wait for the device and
// reads nothing, one that reads the token besides. Which comes first changes
// from turn to turn. The budget is 1.01 of the loop that reads its token.
func BenchmarkCUDAAgainstBareLoop(b *testing.B) {
	OnCUDA(b)
	for _, capture := range []string{"off", "on"} {
		b.Run("capture-"+capture, func(b *testing.B) { bareLoopCUDA(b, capture) })
	}
}

func bareLoopCUDA(b *testing.B, capture string) {
	e := newTestEngine(b, "default", func(l *protocol.Load) { l.Provider, l.Capture = "cuda", capture })
	r := &protocol.Request{Mode: "prefill", Batch: 1, Tokens: 64, Exec: [2]int{64, 64}, Order: []string{"optimized"},
		Strategy: protocol.Strategy{Prefill: "variable"}}
	for range 20 {
		e.request(r)
	}
	l := e.lanes[stats.Optimized]
	s := e.group("prefill", "variable").oldest().s
	bare := func(read bool) int64 {
		p := must.Get(e.prompt(l, r))(b)
		c, err := l.bindPrompt(s, lmShape{batch: 1, seq: 64}, p)
		if err == nil {
			err = s.Stream.Wait()
		}
		before := l.probe.Start(s)
		start := native.Now()
		if err == nil {
			err = s.C.Run(native.RunOptions{}, c.b, native.Value{}, native.Value{}, &native.Span{})
		}
		if err == nil && read {
			err = native.CopyTensor(c.token.V, c.fence.V)
		}
		took := native.Now() - start
		l.probe.Stop(before)
		must.OK(b, err)
		return took
	}
	var times [3][]int64
	for i := 0; b.Loop(); i++ {
		r.ID, r.Seed = uint64(i), uint64(i)
		for k := range times {
			switch k = (k + i) % len(times); k {
			case 0:
				e.request(r)
				times[k] = append(times[k], e.last.wallNs)
			default:
				times[k] = append(times[k], bare(k == 2))
			}
		}
		e.out.flushIfDue()
		collectIfDue()
	}
	if err := s.Stream.Wait(); err != nil { // ONNX Runtime leaves a callback behind, which a session must outlive
		b.Fatal(err)
	}
	for k, name := range []string{"over-bare", "over-reading"} {
		r := ratioOf(times[0], times[k+1])
		b.ReportMetric(r.mid, name)
		b.ReportMetric(r.lo, name+"-low")
		b.ReportMetric(r.hi, name+"-high")
	}
	for k, name := range []string{"engine-µs", "bare-µs", "reading-µs"} {
		b.ReportMetric(median(times[k])/1e3, name)
	}
}

// ratio is a median of ratios with its 95 % interval from order statistics.
type ratio struct{ mid, lo, hi float64 }

func (r ratio) String() string { return fmt.Sprintf("%.4f [%.4f, %.4f]", r.mid, r.lo, r.hi) }

// ratioOf compares times of the same turns.
func ratioOf(a, b []int64) ratio {
	v := make([]float64, len(a))
	for i := range a {
		v[i] = float64(a[i]) / float64(b[i])
	}
	slices.Sort(v)
	r := ratio{v[len(v)/2], v[0], v[len(v)-1]}
	if lo, hi, ok := quantile.OrderRanks(len(v), .5); ok {
		r.lo, r.hi = v[lo-1], v[hi-1]
	}
	return r
}

// What cannot be had is refused in a sentence that says what to do.
func TestCUDARefusals(t *testing.T) {
	OnCUDA(t)
	_, _, err := native.ChooseProvider("cuda", 99, nil, native.TryProbe)
	if err == nil || !strings.Contains(err.Error(), "device 99 is not there") {
		t.Errorf("device 99: %v", err)
	}
	_, refused, err := native.ChooseProvider("auto", 99, nil, native.TryProbe)
	if err != nil || !slices.ContainsFunc(refused, func(r protocol.Refusal) bool { return r.Provider == "cuda" && strings.Contains(r.Reason, "device 99") }) {
		t.Errorf("auto with device 99: %v, %v", refused, err)
	}
	if _, _, err = native.ChooseProvider("cuda", 0, nil, native.TryProbe); err != nil { // CUDA keeps a thread's last failure
		t.Errorf("device 0 after device 99: %v", err)
	}
}
