package strata

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// room is how many samples a stratum keeps of each lane; of more, a random
// choice (Vitter's algorithm R).
const room = 256

// resamples of the bootstrap.
const resamples = 200

// Lanes by index.
const (
	Eager = iota
	Optimized
)

type stratum struct {
	kept [2][]int64
	seen [2]int
}

// Strata collects samples; the zero value is ready.
type Strata struct {
	of  map[string]*stratum
	rng *rand.Rand
}

// Add takes a sample of a lane.
func (s *Strata) Add(key string, lane int, ns int64) {
	if s.of == nil {
		s.of, s.rng = map[string]*stratum{}, rand.New(rand.NewPCG(1, 2))
	}
	st := s.of[key]
	if st == nil {
		st = &stratum{}
		s.of[key] = st
	}
	st.seen[lane]++
	switch k := &st.kept[lane]; {
	case len(*k) < room:
		*k = append(*k, ns)
	default:
		if i := s.rng.IntN(st.seen[lane]); i < room {
			(*k)[i] = ns
		}
	}
}

// Diff is optimized − eager in nanoseconds.
type Diff struct {
	Ns, Lo, Hi float64 // 95 % interval by resampling within strata and lanes
	Strata     int     // with at least five samples of both lanes
	N          [2]int  // samples in them, by lane
}

// least is how many samples of each lane a stratum needs to count.
const least = 5

// Diff compares the lanes; ok is false where no stratum has enough of both. The
// same calls before it give the same interval.
func (s *Strata) Diff() (d Diff, ok bool) {
	var with []*stratum
	total := 0.0
	for _, key := range slices.Sorted(maps.Keys(s.of)) {
		st := s.of[key]
		if len(st.kept[0]) < least || len(st.kept[1]) < least {
			continue
		}
		with = append(with, st)
		total += float64(st.seen[0] + st.seen[1])
		d.N[0], d.N[1] = d.N[0]+st.seen[0], d.N[1]+st.seen[1]
	}
	if d.Strata = len(with); d.Strata == 0 {
		return d, false
	}
	means := make([]float64, resamples)
	buf := make([]int64, 0, room)
	for _, st := range with {
		w := float64(st.seen[0]+st.seen[1]) / total
		d.Ns += w * (median(append(buf, st.kept[1]...)) - median(append(buf, st.kept[0]...)))
		for r := range means {
			means[r] += w * (s.resampled(buf, st.kept[1]) - s.resampled(buf, st.kept[0]))
		}
	}
	slices.Sort(means)
	d.Lo, d.Hi = means[resamples/40], means[resamples-1-resamples/40]
	return d, true
}

// resampled is the median of as many samples drawn with replacement.
func (s *Strata) resampled(buf, v []int64) float64 {
	for range v {
		buf = append(buf, v[s.rng.IntN(len(v))])
	}
	return median(buf)
}

func median(v []int64) float64 {
	slices.Sort(v)
	n := len(v)
	return float64(v[(n-1)/2]+v[n/2]) / 2
}
