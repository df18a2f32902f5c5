// Package startup says how long a lane took to start: samples and events of one
// session in, in the order in which they happened, and out the times from the
// load message to the model being there, to the first token and to the steady
// state, with what of it was compiling. Begin in startup.go.
package startup
