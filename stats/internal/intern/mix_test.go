package intern

import (
	"fmt"
	"testing"
)

// Shapes that are met together seldom share a place among 256.
func TestMixTellsShapesApart(t *testing.T) {
	for name, of := range map[string]func(i int) string{
		"prompts": func(i int) string { return fmt.Sprintf("1x%d", i+1) },
		"caches":  func(i int) string { return fmt.Sprintf("1x%d+%d", 16, i+1) },
		"dims":    func(i int) string { return fmt.Sprintf("batch=%d,seq=%d", 1+i%4, 16*(i/4)) },
	} {
		places := map[uint64]int{}
		const n = 64
		for i := range n {
			places[Mix(of(i))>>56]++
		}
		if len(places) < n*3/4 {
			t.Errorf("%d %s take %d places", n, name, len(places))
		}
	}
	if Mix("") != 0 || Mix("abc") == Mix("abd") {
		t.Error("short strings")
	}
}

// What comes again has the number it had, whatever memory it lies in.
func TestInternerNumbersByContent(t *testing.T) {
	in := New()
	for round := range 3 {
		for i := range 1000 {
			if id := in.ID(fmt.Sprint("name ", i)); id != int32(i) || in.Name(id) != fmt.Sprint("name ", i) {
				t.Fatalf("round %d: name %d has number %d", round, i, id)
			}
		}
	}
	if id := in.ID(""); id != 1000 || in.ID("") != 1000 {
		t.Error("the empty string", id)
	}
}
