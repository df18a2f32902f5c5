package configs

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
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
	f, err := os.Open(nameOrPath)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) && !strings.ContainsAny(nameOrPath, `/\.`) {
			return nil, fmt.Errorf("no preset and no file is called %q%s", nameOrPath, didYouMean(nameOrPath, Presets()))
		}
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("configuration %s is larger than %d bytes", nameOrPath, maxFile)
	}
	return parse(nameOrPath, b)
}

func loadPreset(name string) (*Config, error) {
	b, err := presetFiles.ReadFile("presets/" + name + ".yaml")
	if err != nil {
		return nil, err
	}
	c := &Config{}
	if err := decode("preset "+name, b, c); err != nil {
		return nil, err
	}
	c.Name = name
	return c, nil
}

// parse decodes a file over the preset it extends.
func parse(path string, b []byte) (*Config, error) {
	var head struct {
		Extends string `yaml:"extends"`
	}
	_ = yaml.Unmarshal(b, &head) // strictness comes below
	base := head.Extends
	if base == "" {
		base = "default"
	}
	if !slices.Contains(Presets(), base) {
		return nil, fmt.Errorf("%s: extends: no preset is called %q%s", path, base, didYouMean(base, Presets()))
	}
	c, err := loadPreset(base)
	if err != nil {
		return nil, err
	}
	c.Name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	if err := decode(path, b, c); err != nil {
		return nil, err
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// decode reads strictly: an unknown key, a wrong type or a duplicate is an
// error with file, line, column and excerpt.
func decode(path string, b []byte, into *Config) error {
	dec := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict(), yaml.DisallowUnknownField())
	err := dec.Decode(into)
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	return fmt.Errorf("%s:%w", path, explain(err))
}

// explain keeps go-yaml's position and excerpt and adds the nearest key to an
// unknown one.
func explain(err error) error {
	text := yaml.FormatError(err, false, true)
	var unknown *yaml.UnknownFieldError
	if errors.As(err, &unknown) {
		if key := quoted(text); key != "" {
			if hint := didYouMean(key, allKeys()); hint != "" {
				first, rest, _ := strings.Cut(text, "\n")
				text = first + hint + "\n" + rest
			}
		}
	}
	return errors.New(strings.TrimRight(text, "\n"))
}

// quoted is the first word in double quotes.
func quoted(s string) string {
	_, rest, _ := strings.Cut(s, `"`)
	word, _, _ := strings.Cut(rest, `"`)
	return word
}

// YAML prints the whole configuration so that Load reads it back.
func (c *Config) YAML() ([]byte, error) {
	b, err := yaml.MarshalWithOptions(c, yaml.Indent(2), yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("print configuration: %w", err)
	}
	return b, nil
}

// UnmarshalYAML reads "250ms" and "0".
func (d *Duration) UnmarshalYAML(b []byte) error {
	s := strings.Trim(strings.TrimSpace(string(b)), `"'`)
	v, err := parseDuration(s)
	*d = Duration(v)
	return err
}

// MarshalYAML prints "250ms".
func (d Duration) MarshalYAML() ([]byte, error) { return []byte(d.D().String()), nil }

// MarshalJSON prints "250ms".
func (d Duration) MarshalJSON() ([]byte, error) { return []byte(`"` + d.D().String() + `"`), nil }

// UnmarshalJSON reads "250ms".
func (d *Duration) UnmarshalJSON(b []byte) error { return d.UnmarshalYAML(b) }

func parseDuration(s string) (time.Duration, error) {
	v, err := time.ParseDuration(s)
	if err != nil || v < 0 {
		return 0, fmt.Errorf("%q is not a duration such as 250ms, 60s or 10m", s)
	}
	return v, nil
}

// Read decodes a printed configuration, complete as it is, without a preset
// below it.
func Read(b []byte, into *Config) error { return decode("configuration", b, into) }
