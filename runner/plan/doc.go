// Package plan holds what a session asks for, and in which shapes: the
// scenarios, repetitions and passes of a configuration, or rows of recorded
// traffic, flow in, requests flow out one at a time; a strategy and its shaper
// say how long a prompt is in each lane. It knows no engine and no clock. Begin
// with plan.go; strategy.go has the words.
package plan
