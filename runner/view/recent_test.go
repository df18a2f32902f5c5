package view

import (
	"slices"
	"testing"

	"github.com/tailscope/tailscope/stats"
)

func TestRecentKeepsWhatIsRare(t *testing.T) {
	var r Recent
	rare := 0
	for i := range 5000 {
		e := stats.Event{TNs: int64(i) * 10, Kind: stats.KindSpike}
		if i%50 == 0 {
			e.Kind = stats.KindRecompile
			rare++
		}
		r.Add(e)
		if n := len(r.List()); n > recentKept+recentSpare {
			t.Fatalf("%d events are kept after %d", n, i+1)
		}
	}
	kinds := map[stats.Kind]int{}
	l := r.List()
	for _, e := range l {
		kinds[e.Kind]++
	}
	if r.Num() != 5000 || kinds[stats.KindRecompile] != rare || kinds[stats.KindSpike] < recentKept-rare {
		t.Errorf("of %d events %v are kept, %d were rare", r.Num(), kinds, rare)
	}
	if l[len(l)-1].TNs != 49990 {
		t.Error("the newest is gone")
	}
}

// A session that compiles all the time still shows its newest spikes.
func TestRecentIsNotAllOfOneKind(t *testing.T) {
	var r Recent
	for i := range 3000 {
		k := stats.KindRecompile
		if i%3 == 0 {
			k = stats.KindSpike
		}
		r.Add(stats.Event{TNs: int64(i), Kind: k})
	}
	spikes := 0
	l := r.List()
	for _, e := range l {
		if e.Kind == stats.KindSpike {
			spikes++
		}
	}
	if rare := len(l) - spikes; rare > recentKept/2+2*recentSpare || spikes < recentKept/5 {
		t.Errorf("%d spikes and %d others are kept", spikes, rare)
	}
}

func TestRecentSortsWhatComesLate(t *testing.T) {
	var r Recent
	for _, ms := range []int64{10, 30, 20, 2000, 25, 40} {
		r.Add(stats.Event{TNs: ms * 1e6})
	}
	var got []int64
	for _, e := range r.List() {
		got = append(got, e.TNs/1e6)
	}
	if want := []int64{10, 20, 25, 30, 40, 2000}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
