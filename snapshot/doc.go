// Package snapshot owns a session on disk: the journal that is appended to
// while a session runs, the folder that is written when it ends (or when it is
// exported, or recovered), the readers of both, and the importers of result
// files that other tools wrote.
//
// It promises that what was accepted by a Writer and flushed is in the folder
// afterwards, that numbers in files are the measured nanoseconds and not a
// rounding of them, that a torn or damaged file ends in an error or a count of
// what was lost and never in a panic, and that no path read from a file leaves
// the folder the file belongs to.
//
// In flow samples, events, readings and evidence from the session; out flow
// files whose every field docs/snapshot.md describes. Statistics come from
// package stats; this package computes none of its own.
package snapshot

// Schema names the layout of a session folder.
const Schema = "tailscope.session/1"

// Names of the files at the top of a session folder.
const (
	ManifestName  = "manifest.json"
	ConfigName    = "config.yaml"
	EventsName    = "events.jsonl"
	TelemetryName = "telemetry.csv"
	EvidenceName  = "compiler_evidence.json"
	SamplesName   = "samples.parquet"
	TraceName     = "trace.json"
	StepsName     = "steps.parquet" // in the folder of a mode
	journalDir    = "journal"
)
