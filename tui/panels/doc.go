// Package panels holds the rectangles of the screen, one file each. A Scene
// (one view of the session, and how the user wants to see it) flows in, lines
// of exactly the panel's size flow out; panels change nothing. Each declares
// itself with Register, from which layout, focus and the tests of all panels
// come. Begin with slots.go and frame.go; what happened when is drawn by
// package timeline.
package panels
