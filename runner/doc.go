// Package runner runs a session: it makes the plan of requests, supervises
// the worker process that executes them, and owns the one goroutine that
// joins samples with what was asked, feeds statistics and the journal, and
// publishes views for the screen.
//
// In: a Config, an engine's command line, commands of the user, GPU readings.
// Out: samples, events and counters to a Sink (the journal), views to the
// screen. It executes no model itself and draws nothing.
//
// Begin in session.go; dispatch.go sends a request, intake.go and join.go take its
// samples in, publish.go makes the view.
package runner
