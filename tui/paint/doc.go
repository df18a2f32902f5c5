// Package paint turns frames into what a terminal has to be told. A frame flows
// in, lines of text with colours; the bytes that change the cells in which it
// differs from what stands there flow out, nothing for a frame that is the same.
// It costs what has changed: a line that is as it was is compared and no more.
//
// Terminal stands between the program and its output: what others write (Bubble
// Tea: modes, questions, the other screen) passes as it is, and where that may
// have wiped the picture, it is painted again. Begin there; screen.go finds the
// differences, cells.go reads a line.
package paint
