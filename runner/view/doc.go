// Package view is the plain data that crosses between the session and the
// screen: View goes out, at most 30 times a second, newest wins; Command
// comes back. It holds no behaviour beyond names and sentences, so that the screen, the
// session and replay can be written and tested apart. Begin in view.go.
package view
