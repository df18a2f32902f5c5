// Package tui is the live screen. Views come in on one channel, the user's
// wishes go out on another; between them stand plain data and nothing else.
//
// It owns the terminal while Run runs and gives it back as it was, after a
// panic too. It promises never to make the session wait: of the views only the
// newest is taken, commands go through a buffer, and what a frame costs is
// reported. A value that is not known is shown as a dash, never as 0, and one
// that too few samples support is greyed with how many it still needs.
//
// model.go takes messages in, keys.go is the table of keys, layout.go says what
// stands where; the rectangles themselves are in panels, what they are drawn
// with in draw, and how a frame gets to the terminal in paint: Bubble Tea takes
// keys in and keeps the terminal's modes.
package tui
