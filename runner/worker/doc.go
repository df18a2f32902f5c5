// Package worker runs one worker process: it starts it on its CPUs, writes
// messages to its stdin without ever waiting, reads its lines at little cost,
// and says why it ended.
//
// In: an engine's command line, messages of package protocol. Out: messages,
// those that were read together as one slice, and the reason of the exit.
// Begin in process.go; sender.go is the way in, linepipe_linux.go and
// linger.go are the way out, cpus.go says where processes run.
package worker
