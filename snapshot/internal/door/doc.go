// Package door is the one way into a session folder, for writers and readers.
//
// A folder may come from a stranger: any name in it may be a link to a file of
// the user, a pipe or a device. In flow names relative to a folder, out flow
// files of that folder and of no other place: os.Root refuses what leads out,
// a new file never opens one that is there, and only regular files are read.
// A file that is written appears under its name when it is whole.
// Begin in door.go.
package door
