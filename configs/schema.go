package configs

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schema returns the JSON Schema of a configuration file, for editors.
func Schema() ([]byte, error) {
	s, err := jsonschema.For[Config](&jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[Duration](): {Type: "string", Pattern: `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$|^0$`},
	}})
	if err != nil {
		return nil, fmt.Errorf("make the schema: %w", err)
	}
	s.Schema, s.Title, s.Required = "https://json-schema.org/draft/2020-12/schema", "tailscope configuration", nil
	for _, key := range []string{"dims", "options"} { // a plain number is text enough
		s.Properties[key].AdditionalProperties = &jsonschema.Schema{Types: []string{"string", "number", "boolean"}}
	}
	for key, words := range choices {
		if p := s.Properties[key]; p != nil && key != "strategy" {
			setEnum(p, words)
		}
	}
	for _, key := range []string{"policy"} {
		setEnum(s.Properties["cache"].Properties[key], choices["cache."+key])
	}
	for _, key := range []string{"device", "dtype", "stance"} {
		setEnum(s.Properties["torch"].Properties[key], choices["torch."+key])
	}
	return json.MarshalIndent(s, "", "  ")
}

// setEnum allows words for a string, or for the items of a list.
func setEnum(p *jsonschema.Schema, words []string) {
	if p.Items != nil {
		p = p.Items
	}
	for _, w := range words {
		if w != "" {
			p.Enum = append(p.Enum, w)
		}
	}
}
