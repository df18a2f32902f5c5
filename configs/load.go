package configs

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/tailscope/tailscope/configs/regular"
)

//go:embed presets/*.yaml
var presetFiles embed.FS

// maxFile bounds a configuration file, in bytes.
const maxFile = 4 << 20

// Presets lists the presets that ship with the program, default first.
func Presets() []string {
	entries, err := presetFiles.ReadDir("presets")
	if err != nil {
		panic(err) // embedded: cannot fail
	}
	names := []string{"default"}
	for _, e := range entries {
		if n := strings.TrimSuffix(e.Name(), ".yaml"); n != "default" {
			names = append(names, n)
		}
	}
	return names
}

// Default returns the preset default.
func Default() *Config {
	c, err := Load("default")
	if err != nil {
		panic(err) // embedded, and loaded by a test
	}
	return c
}

// Load reads a preset by name or a file by path. A file starts from the preset
// it extends, default if it names none. Errors of a file name it with line,
// column and an excerpt.
func Load(nameOrPath string) (*Config, error) {
	if slices.Contains(Presets(), nameOrPath) {
		return loadPreset(nameOrPath)
	}
	b, err := regular.ReadFile(nameOrPath, maxFile)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) && !strings.ContainsAny(nameOrPath, `/\.`) {
			return nil, fmt.Errorf("no preset and no file is called %q%s", nameOrPath, didYouMean(nameOrPath, Presets()))
		}
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return parse(nameOrPath, b)
}

func loadPreset(name string) (*Config, error) {
	b, err := presetFiles.ReadFile("presets/" + name + ".yaml")
	if err != nil {
		return nil, err
	}
	c := &Config{}
	if _, err := decode("preset "+name, b, c); err != nil {
		return nil, err
	}
	c.Name = name
	return c, nil
}

// parse decodes a file over the preset it extends.
func parse(path string, b []byte) (*Config, error) {
	b = bytes.TrimPrefix(b, []byte("\ufeff")) // as editors of Windows begin a file
	body, err := parseYAML(path, b)
	if err != nil {
		return nil, err
	}
	base, pos := extendsOf(body)
	base = cmp.Or(base, "default")
	if !slices.Contains(Presets(), base) {
		return nil, faultf("extends", "no preset is called %s%s", quote(base), didYouMean(base, Presets())).at(path, b, pos)
	}
	c, err := loadPreset(base)
	if err != nil {
		return nil, err
	}
	c.Name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	at, err := decode(path, b, c)
	if err != nil {
		return nil, err
	}
	found := c.faults()
	for _, f := range found {
		_ = f.at(path, b, at.of(f.Key)) // f is in found
	}
	if err := joined(found); err != nil {
		return nil, err
	}
	return c, nil
}

// extendsOf peeks at the key extends, before strict decoding.
func extendsOf(body ast.Node) (base string, at position) {
	m, _ := body.(*ast.MappingNode)
	for i := 0; m != nil && i < len(m.Values); i++ {
		if v, ok := m.Values[i].Value.(*ast.StringNode); ok && keyOf(v) == "extends" {
			return v.Value, where(v)
		}
	}
	return "", position{}
}

// Read decodes a printed configuration, complete as it is, without a preset
// below it and without validating it.
func Read(b []byte, into *Config) error {
	_, err := decode("configuration", b, into)
	return err
}

// YAML prints the whole configuration so that Load reads it back.
func (c *Config) YAML() ([]byte, error) {
	b, err := yaml.MarshalWithOptions(c, yaml.Indent(2), yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("print configuration: %w", err)
	}
	return b, nil
}

// PresetText returns a preset as it ships, with its comments.
func PresetText(name string) ([]byte, bool) {
	b, err := presetFiles.ReadFile("presets/" + name + ".yaml")
	return b, err == nil
}

// PresetDoc is the comment at the top of a preset, on one line.
func PresetDoc(name string) string {
	text, _ := PresetText(name)
	var doc []string
	for line := range strings.Lines(string(text)) {
		comment, ok := strings.CutPrefix(strings.TrimSpace(line), "#")
		if !ok {
			break
		}
		doc = append(doc, strings.TrimSpace(comment))
	}
	return strings.Join(doc, " ")
}
