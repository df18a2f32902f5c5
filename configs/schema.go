package configs

import (
	"bytes"
	_ "embed"
)

// schema is made from the Config type by a test, which also compares: the
// library that does it need not be in the program.
//
//go:embed schema.json
var schema []byte

// Schema returns the JSON Schema of a configuration file, for editors.
func Schema() []byte { return bytes.Clone(schema) }
