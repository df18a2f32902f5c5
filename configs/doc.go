// Package configs holds the configuration of a session: the Config type, its
// strict loading from YAML, its JSON schema and the presets that ship with
// the program. A flag beats the file, the file beats the preset. In: files, flags.
// Out: a Config that was checked, or one sentence that names line and key. Begin in
// config.go, then load.go.
package configs
