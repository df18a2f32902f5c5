package compare

// Lookup returns a quantity, "label.quantity", of one side: its mean over the
// sessions. ok is false for a name that neither side has.
func (c *Comparison) Lookup(mode, name string, inA bool) (v float64, ok bool) {
	side := 1
	if inA {
		side = 0
	}
	return c.figure(c.sides[side], mode, name, none)
}
