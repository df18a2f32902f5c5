package between

import "math"

// LeastForFloor is how many sessions tell a floor.
const LeastForFloor = 3

// Floor is what a difference between the lanes of one session, as a share of the
// eager figure, may come to where the lanes are the same: the share that a further
// session like these stays below with 95 %. differences are those of A/A sessions
// that swap the lanes' roles, so that they lie about 0 (a normal prediction
// interval about a known mean: Student's t with as many degrees of freedom as
// sessions; Hahn and Meeker, Statistical Intervals, 1991). 0 with fewer than
// LeastForFloor.
func Floor(differences []float64) float64 {
	n, sq := 0, 0.0
	for _, d := range differences {
		if !math.IsNaN(d) && !math.IsInf(d, 0) {
			n, sq = n+1, sq+d*d
		}
	}
	if n < LeastForFloor {
		return 0
	}
	return tQuantile((1+Confidence)/2, float64(n)) * math.Sqrt(sq/float64(n))
}
