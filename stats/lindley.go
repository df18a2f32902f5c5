package stats

// Lindley computes one lane's response times in an open loop from its own
// service times: the waiting time of a first-come-first-served queue with one
// server (Lindley 1952), W(n+1) = max(0, W(n) + S(n) − (A(n+1) − A(n))).
// Interleaved lanes share a worker, so what was measured is not what either
// lane alone would have shown; this is. Times are nanoseconds.
type Lindley struct {
	started bool
	free    int64 // instant at which the server is idle again
}

// Response returns the time from arrival to completion of a request that
// arrives at arrival (not before the last one) and takes service.
func (l *Lindley) Response(arrival, service int64) int64 {
	if !l.started || l.free < arrival {
		l.free = arrival
	}
	l.started = true
	l.free += service
	return l.free - arrival
}
