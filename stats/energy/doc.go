// Package energy says what requests of a lane cost in joules.
//
// In flow samples in the order in which they ran and readings of the device's
// energy counter; out flow, for each mode and lane, joules a request and per
// thousand tokens with their interval. The counter knows no lanes, so only
// blocks count in which one lane ran alone for long enough: sequential pairing
// has them. Begin with Meter in energy.go.
package energy
