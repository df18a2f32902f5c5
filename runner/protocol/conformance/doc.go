// Package conformance drives any engine process through the protocol and
// checks every rule of docs/protocol.md that can be seen from outside. Tests
// of engines call Run; nothing else imports it.
//
// It measures nothing about the model: an engine passes when it is honest and
// orderly, whatever it computes. Begin in conformance.go.
package conformance
