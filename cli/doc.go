// Package cli is the command line: one file per subcommand turns flags into a
// configuration, wires the packages together and decides the exit code. It
// holds no measurement and no statistics. Begin in root.go.
package cli
