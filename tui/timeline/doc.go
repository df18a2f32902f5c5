// Package timeline holds the panels of what happened when: the latencies over
// time, the heat map of a session, the list of events. What flows in and out is
// as in package panels, whose scene, frame and register they use. Begin with
// timeline.go; heat.go draws what heatgrid.go counts, events.go what
// eventrows.go gathers.
package timeline
