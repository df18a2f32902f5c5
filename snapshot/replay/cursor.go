package replay

import (
	"errors"
	"iter"

	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/journal"
)

// cursor pulls records one by one, with one record of look-ahead.
type cursor struct {
	pull func() (*journal.Record, bool)
	stop func()
	head *journal.Record // nil: not pulled, or the end
	end  bool
}

func newCursor(rec *folder.Session) *cursor {
	seq := func(yield func(*journal.Record) bool) {
		_, _ = rec.Records(func(r *journal.Record) error { // damage was reported when the length was measured
			if !yield(r) {
				return errStop
			}
			return nil
		})
	}
	c := &cursor{}
	c.pull, c.stop = iter.Pull(iter.Seq[*journal.Record](seq))
	return c
}

// errStop ends the reading of records early.
var errStop = errors.New("stopped")

// peek returns the next record, nil at the end. It is valid until next.
func (c *cursor) peek() *journal.Record {
	if c.head == nil && !c.end {
		r, ok := c.pull()
		if !ok {
			c.end = true
			return nil
		}
		c.head = r
	}
	return c.head
}

// next drops the record that peek returned.
func (c *cursor) next() { c.head = nil }
