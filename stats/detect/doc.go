// Package detect looks for patterns in what was measured lately: an Input of
// series and counts in, a sentence and a state out of each Detector. Begin in
// detect.go.
package detect
