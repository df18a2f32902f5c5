package paired

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tailscope/tailscope/stats"
)

// Blocks of any size give what one value at a time gives, to the last bit.
func TestBlocksAreSingleValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var one, all Running
		var oneLane, allLane LaneSeries
		var oneLog, allLog Series
		level := rapid.Int64Range(1, 1<<40).Draw(t, "level")
		for range rapid.IntRange(1, 8).Draw(t, "blocks") {
			n := rapid.IntRange(0, 700).Draw(t, "n")
			pairs, walls, logs := make([]Pair, n), make([]int64, n), make([]float64, n)
			for i := range pairs {
				pairs[i] = Pair{rapid.Int64Range(level/2, level*2).Draw(t, "eager"), rapid.Int64Range(0, level*2).Draw(t, "optimized")}
				walls[i], logs[i] = pairs[i].Optimized, float64(pairs[i].Eager)/3
				one.Add(pairs[i])
				oneLane.Add(walls[i])
				oneLog.Add(logs[i])
			}
			all.AddAll(pairs)
			allLane.AddAll(walls)
			allLog.AddAll(logs)
			if rapid.Bool().Draw(t, "aims") {
				median, p99 := rapid.Float64Range(0, float64(level)*2).Draw(t, "median"), float64(rapid.Int64Range(0, level*2).Draw(t, "p99"))
				for _, r := range []*Running{&one, &all} {
					r.Aim(p99, median)
				}
				for _, l := range []*LaneSeries{&oneLane, &allLane} {
					l.Aim(median, p99)
				}
			}
		}
		same := cmp.AllowUnexported(Running{}, LaneSeries{}, Series{}, judged{})
		if diff := cmp.Diff(one, all, same) + cmp.Diff(oneLane, allLane, same) + cmp.Diff(oneLog, allLog, same); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Add takes in the lane's next latency.
func (l *LaneSeries) Add(ns int64) {
	v := float64(ns)
	l.value.Add(v)
	if l.aim[0] > 0 {
		l.middle.now.Add(side(v, l.aim[0]))
		l.tail.now.Add(beyond(v, l.aim[1]))
	}
}

func side(v, of float64) float64 {
	switch {
	case v > of:
		return 1
	case v < of:
		return -1
	}
	return 0
}

func beyond(v, of float64) float64 {
	if v > of {
		return 1
	}
	return 0
}

// Add takes in the next pair.
func (r *Running) Add(p Pair) {
	d := p.Optimized - p.Eager
	sign := 0.0
	if d < 0 {
		sign = -1
	} else if d > 0 {
		sign = 1
	}
	r.signs.Signs = true
	r.signs.Add(sign)
	r.diffs.Add(float64(d))
	if r.aim[stats.Optimized] > 0 {
		x := 0.0
		if float64(p.Optimized) > r.aim[stats.Optimized] {
			x++
		}
		if float64(p.Eager) > r.aim[stats.Eager] {
			x--
		}
		r.tails.now.Add(x)
	}
}

// The fast logarithm is that of the library.
func TestLogOfAPair(t *testing.T) {
	check := func(p Pair) {
		if got, want := p.Log(), math.Log(float64(p.Optimized)/float64(p.Eager)); !(math.Abs(got-want) <= 2e-15*math.Max(1, math.Abs(want))) {
			t.Fatalf("%v: %v, want %v", p, got, want)
		}
	}
	for i := int64(1); i < 1<<17; i++ {
		check(Pair{1 << 16, i})
		check(Pair{i * 7919, 3e9 + i})
	}
	rapid.Check(t, func(t *rapid.T) {
		check(Pair{rapid.Int64Min(1).Draw(t, "eager"), rapid.Int64Min(1).Draw(t, "optimized")})
	})
}
