// Package replay plays a recorded session to the screen: the same views that
// the live session published, rebuilt from its records at any instant.
//
// In: a folder.Session and commands of the user. Out: views. It measures
// nothing and writes nothing. Begin in replay.go.
package replay
