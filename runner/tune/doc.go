// Package tune finds the best configuration of a model under given traffic. In:
// a configuration, an objective, bounds, a time. Out: a folder with every
// candidate, what it took and why it is out, a configuration to run, and a
// sentence that says what is gained, what it costs, how sure that is, and what
// was not tried.
//
// Each phase of a language model is a race of its own (package stats/race), of
// strategies that one worker can switch between requests; options that need
// another worker race afterwards, each in its own worker, none of which runs
// while another does. Every block is told to race.jsonl before it counts, so a
// tune that was cut off goes on where it was.
//
// Begin in tune.go; candidates.go says what is tried, ahead.go makes executables
// before a race and on a clock of its own, racing.go runs one race, options.go
// the race of options, bench.go owns the workers, journal.go is the file,
// result.go, words.go and files.go what comes out.
package tune
