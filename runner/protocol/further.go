package protocol

import (
	"encoding/json"
	"slices"

	"github.com/tailscope/tailscope/stats"
)

// Further are the columns of stats.Columns that engines send and a Batch has
// no field for: they are read and written by name, so that a new one needs no
// line here. A key that is neither is of a later version, and left out.
var Further = slices.DeleteFunc(slices.Clone(stats.Columns), func(c *stats.Column) bool {
	return c.Wire == "" || slices.ContainsFunc(batchColumns, func(b batchColumn) bool { return b.name == c.Wire })
})

// isFurther reports whether a key is that of a further column.
func isFurther(key []byte) bool {
	return slices.ContainsFunc(Further, func(c *stats.Column) bool { return c.Wire == string(key) })
}

func (b *Batch) setFurther(name string, values []int64) {
	if b.Further == nil {
		b.Further = map[string][]int64{}
	}
	b.Further[name] = values
}

// readFurther reads the further columns of a line that is not plain enough
// for parseBatch.
func (b *Batch) readFurther(line []byte) error {
	var keys map[string]json.RawMessage
	if len(Further) == 0 {
		return nil
	}
	if err := json.Unmarshal(line, &keys); err != nil {
		return err
	}
	for _, c := range Further {
		if text, ok := keys[c.Wire]; ok {
			var values []int64
			if err := json.Unmarshal(text, &values); err != nil {
				return err
			}
			b.setFurther(c.Wire, values)
		}
	}
	return nil
}
