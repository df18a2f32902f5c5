// Package about holds the commands that say what this program is: version,
// licenses, examples and man, which writes the manual pages of the whole tree
// of commands. Nothing flows in but flags; text or JSON flows out. Begin with
// version.go.
package about
