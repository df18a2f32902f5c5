// Package heat keeps a map of latencies over the whole of a session: time by
// log latency, with a count for each cause, and what happened meanwhile.
//
// Samples (after the collector has set their flags and cause), events and GPU
// readings flow in, in the order of arrival; a View flows out that shares its
// closed columns with the map and costs the same however long the session is.
// Memory is bounded: what is old is kept in wider columns. Begin with map.go.
package heat
