// Package racing shows a tune while it runs: a row for each candidate with its
// objective as an interval bar, who is ahead, who is out and why. Views of the
// race flow in, the user's wish to stop flows out. Begin with Frame in racing.go.
package racing
