package view

import (
	"time"

	"github.com/tailscope/tailscope/stats/race"
)

// Race is how far a tune is.
type Race struct {
	Title     string // what is raced; "" nothing now
	Doing     string // what is done between races
	Objective string
	Blocks    int // requests, each run by every candidate in the race
	Elapsed   time.Duration
	Left      time.Duration // of this race
	Rows      []race.Row
	Over      string   // why it is over; "" it runs
	Done      []string // a line a race that is over
}
