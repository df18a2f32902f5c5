// Package kept remembers whole samples for the screen: the latest of all, and
// of the slow and the tagged ones many more, so that one can look behind an
// event, a cause or a spot of the map. Samples that the collector has seen flow
// in, copies of those that a Query asks for flow out; memory is bounded, the
// journal has them all. Begin in kept.go.
package kept
