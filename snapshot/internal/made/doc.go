// Package made makes plausible sessions for tests: two lanes, two scenarios,
// warm-ups, compiles, a failure, decode steps. In flow a seed and a sink, a
// Writer of any floor; out flow the samples that went into it. Begin in made.go.
package made
