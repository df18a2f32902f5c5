package stats

import (
	"slices"
	"testing"
)

func TestLindley(t *testing.T) {
	// One stall of 10 in a stream due every 2: the queue behind it drains slowly.
	var l Lindley
	var got []int64
	for i, arrival := range []int64{0, 2, 4, 6, 8, 100} {
		got = append(got, l.Response(arrival, []int64{1, 10, 1, 1, 1, 1}[i]))
	}
	if want := []int64{1, 10, 9, 8, 7, 1}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
