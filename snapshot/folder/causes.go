package folder

import "github.com/tailscope/tailscope/stats"

// causeTable finds the cause of a sample by its seq. Most have none, so a bit
// for each tells whether it is worth looking.
type causeTable struct {
	byseq map[uint64]stats.Cause
	bits  []uint64 // nil: seqs are too spread out
}

func newCauseTable(causes map[uint64]stats.Cause, lastSeq uint64) *causeTable {
	t := &causeTable{byseq: causes}
	const most = 1 << 30 // 128 MiB
	if lastSeq < most {
		t.bits = make([]uint64, lastSeq/64+1)
		for seq := range causes {
			if seq <= lastSeq {
				t.bits[seq/64] |= 1 << (seq % 64)
			}
		}
	}
	return t
}

func (t *causeTable) of(seq uint64) stats.Cause {
	if i := seq / 64; t.bits != nil && (i >= uint64(len(t.bits)) || t.bits[i]>>(seq%64)&1 == 0) {
		return stats.CauseNone
	}
	return t.byseq[seq]
}
