package configs

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/tailscope/tailscope/internal/must"
)

var update = flag.Bool("update", false, "write schema.json anew")

// TestSchemaIsOfTheType keeps schema.json what the Config type says.
func TestSchemaIsOfTheType(t *testing.T) {
	want := must.Get(makeSchema())(t)
	if *update {
		must.OK(t, os.WriteFile("schema.json", want, 0o644))
	}
	if !*update && !bytes.Equal(Schema(), want) {
		t.Errorf("schema.json is old: run go test ./configs -run %s -update", t.Name())
	}
}

// makeSchema derives the schema from the type.
func makeSchema() ([]byte, error) {
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
