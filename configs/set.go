package configs

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
)

// Set sets one field by its key, with a dot below the top ("torch.mode"),
// from a string: a plain value, or a list with commas. It is how flags and
// sweeps change a configuration; Validate has the last word.
func (c *Config) Set(key, value string) error {
	v := reflect.ValueOf(c).Elem()
	for part := range strings.SplitSeq(key, ".") {
		if v.Kind() == reflect.Map { // torch.config.layers, options.KEY
			return setMap(v, part, value)
		}
		if v.Kind() != reflect.Struct {
			return fmt.Errorf("%s has no parts", key)
		}
		f, ok := fieldByKey(v, part)
		if !ok {
			return fmt.Errorf("unknown key %q%s", key, didYouMean(part, allKeys()))
		}
		v = f
	}
	return setValue(v, key, value)
}

func fieldByKey(v reflect.Value, key string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if keyOf(v.Type().Field(i)) == key {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

func setMap(m reflect.Value, key, value string) error {
	if m.Type().Key().Kind() != reflect.String {
		return fmt.Errorf("%s cannot be set from a string", key)
	}
	elem := reflect.New(m.Type().Elem()).Elem()
	if err := setValue(elem, key, value); err != nil {
		return err
	}
	next := reflect.MakeMap(m.Type()) // a copy: configurations share maps
	for it := m.MapRange(); it.Next(); {
		next.SetMapIndex(it.Key(), it.Value())
	}
	next.SetMapIndex(reflect.ValueOf(key), elem)
	m.Set(next)
	return nil
}

// setValue decodes a string as YAML would, so that flags and files agree.
func setValue(v reflect.Value, key, value string) error {
	text := value
	switch v.Kind() {
	case reflect.String:
		v.SetString(value)
		return nil
	case reflect.Slice:
		if !strings.HasPrefix(value, "[") {
			text = "[" + value + "]"
		}
	}
	if err := yaml.Unmarshal([]byte(text), v.Addr().Interface()); err != nil {
		return fmt.Errorf("%s: %q is not %s", key, value, describe(v))
	}
	return nil
}

// describe names what a field wants.
func describe(v reflect.Value) string {
	if v.Type() == reflect.TypeFor[Duration]() {
		return "a duration such as 250ms or 60s"
	}
	switch v.Kind() {
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list with commas"
	}
	return "a value of the right kind"
}
