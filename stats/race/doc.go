// Package race finds the best of several candidates with few samples. In: the
// candidates, an objective, and what each request took in each candidate that
// still races. Out: who runs the next block, who is out and why, when it is
// over, and a pick.
//
// A block is one request run by every candidate that is left, in random order,
// so that what is compared is paired. A candidate is out when an interval that
// holds at whatever moment one looks says that another is better, and not before:
// what was not told apart by the end stays in, and the cheapest of those within
// the margin of the best is the pick.
//
// Pure: no clock, no goroutine, no file; the same results give the same
// decisions, so a race is resumed by telling it again. Begin in race.go;
// value.go is what the objective is worth, judge.go who goes, pick.go who wins.
package race
