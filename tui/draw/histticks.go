package draw

import "math"

// axisTick is a labelled place on a horizontal axis.
type axisTick struct {
	Col   int
	At    int // where its label begins
	Label string
}

// Ticks are the round values on the axis: as many of 1, 2 and 5 times the
// powers of ten as have room for their labels.
func (a HistAxis) Ticks() []axisTick {
	var out []axisTick
	for _, steps := range [][]float64{{1, 2, 5}, {1, 3}, {1}} {
		var clash bool
		if out, clash = a.ticksAt(steps); !clash {
			return out
		}
	}
	return out
}

func (a HistAxis) ticksAt(steps []float64) (out []axisTick, clash bool) {
	hi := a.lo * math.Exp(a.log*float64(a.Cols))
	end := -2
	for p := math.Pow(10, math.Floor(math.Log10(a.lo))); p <= hi && p < 1e20; p *= 10 {
		for _, m := range steps {
			c := a.Col(m * p * 1.0000001)
			if c < 0 {
				continue
			}
			label := Short(m * p)
			at := max(0, min(c-Cells(label)/2, a.Cols-Cells(label)))
			if at < end+2 {
				clash = true
				continue
			}
			end = at + Cells(label)
			out = append(out, axisTick{c, at, label})
		}
	}
	return out, clash
}
