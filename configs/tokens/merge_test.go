package tokens

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tailscope/tailscope/internal/must"
)

// naive merges by the definition: the pair of the lowest rank, leftmost first,
// until none is left.
func naive(merges map[[2]int]merged, word []int) []int {
	ids := slices.Clone(word)
	for {
		at, best := -1, merged{}
		for i := range len(ids) - 1 {
			if m, ok := merges[[2]int(ids[i:i+2])]; ok && (at < 0 || m.rank < best.rank) {
				at, best = i, m
			}
		}
		if at < 0 {
			return ids
		}
		ids = slices.Replace(ids, at, at+2, best.id)
	}
}

func TestMergeIsTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &Counter{merges: map[[2]int]merged{}}
		next := 3 // 0, 1 and 2 are the bytes
		for rank := range rapid.IntRange(0, 20).Draw(t, "merges") {
			token := rapid.IntRange(0, next-1)
			if pair := [2]int{token.Draw(t, "left"), token.Draw(t, "right")}; c.merges[pair] == (merged{}) {
				c.merges[pair], next = merged{rank, next}, next+1
			}
		}
		word := rapid.SliceOfN(rapid.IntRange(0, 2), 0, 60).Draw(t, "word")
		if got, want := c.merge(nil, word), naive(c.merges, word); !slices.Equal(got, want) {
			t.Fatalf("%v by %v: %v, want %v", word, c.merges, got, want)
		}
	})
}

func TestLongWordIsMergedSoon(t *testing.T) {
	c := must.Get(Open(write(t, tiny(nil))))(t)
	begin := time.Now()
	if n, err := c.Count(strings.Repeat("=", 1<<19)); err != nil || n != 1<<18 {
		t.Errorf("%d, %v", n, err)
	}
	if d := time.Since(begin); d > 20*time.Second {
		t.Errorf("took %v", d)
	}
}
