package tokens

import "container/heap"

// merged is what a pair of neighbours becomes: the lower rank goes first.
type merged struct{ rank, id int }

// symbol is a token of a word that may still grow; it knows its neighbours.
type symbol struct{ id, prev, next int } // next -1: the last; id -1: gone into its left neighbour

// candidate is a pair of neighbours that could be merged.
type candidate struct {
	merged
	at, left, right int // position of the left symbol, ids that the pair had
}

// candidates is a heap: the lowest rank first, the leftmost of equals.
type candidates []candidate

func (h candidates) Len() int { return len(h) }
func (h candidates) Less(i, j int) bool {
	return h[i].rank < h[j].rank || h[i].rank == h[j].rank && h[i].at < h[j].at
}
func (h candidates) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *candidates) Push(x any) { *h = append(*h, x.(candidate)) }

// Pop implements heap.Interface.
func (h *candidates) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// merge appends the ids of a word, given as the ids of its bytes: byte-pair
// encoding (Sennrich, Haddow and Birch 2016) in O(n log n).
func (c *Counter) merge(ids, word []int) []int {
	syms := make([]symbol, len(word))
	var h candidates
	offer := func(at int) {
		if at < 0 || syms[at].next < 0 {
			return
		}
		l, r := syms[at].id, syms[syms[at].next].id
		if m, ok := c.merges[[2]int{l, r}]; ok {
			heap.Push(&h, candidate{m, at, l, r})
		}
	}
	for i, id := range word {
		syms[i] = symbol{id, i - 1, i + 1}
	}
	if len(word) > 0 {
		syms[len(word)-1].next = -1
	}
	for i := range syms {
		offer(i)
	}
	for len(h) > 0 {
		m := heap.Pop(&h).(candidate)
		left := &syms[m.at]
		if left.id != m.left || left.next < 0 || syms[left.next].id != m.right {
			continue // one of the two has changed since
		}
		gone := &syms[left.next]
		left.id, left.next, gone.id = m.id, gone.next, -1
		if left.next >= 0 {
			syms[left.next].prev = m.at
		}
		offer(left.prev)
		offer(m.at)
	}
	for i := range syms {
		if syms[i].id >= 0 {
			ids = append(ids, syms[i].id)
		}
	}
	return ids
}
