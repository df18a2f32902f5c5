package configs

import (
	"reflect"
	"strings"
)

// Set sets one field by its key, with a dot below the top ("torch.mode"),
// from a string: a plain value, or a list with commas. It is how flags and
// sweeps change a configuration; Validate has the last word. Maps and lists
// are replaced, never changed: copies of a configuration may share them.
func (c *Config) Set(key, value string) error {
	v := reflect.ValueOf(c).Elem()
	parts := strings.Split(key, ".")
	for i, part := range parts {
		if v.Kind() == reflect.Map { // torch.config.layers, options.KEY, dims.NAME
			return setMap(v, key, strings.Join(parts[i:], "."), value)
		}
		if v.Kind() != reflect.Struct {
			return faultf("", "unknown key %s: %s has no parts", quote(key), strings.Join(parts[:i], "."))
		}
		fields := fieldsOf(v.Type())
		at, ok := fields.index[part]
		if !ok {
			return faultf("", "unknown key %s%s", quote(key), didYouMean(part, fields.names))
		}
		v = v.Field(at)
	}
	return setValue(v, key, value)
}

func setMap(m reflect.Value, key, name, value string) error {
	elem := reflect.New(m.Type().Elem()).Elem()
	if err := setValue(elem, key, value); err != nil {
		return err
	}
	next := reflect.MakeMap(m.Type())
	for it := m.MapRange(); it.Next(); {
		next.SetMapIndex(it.Key(), it.Value())
	}
	next.SetMapIndex(reflect.ValueOf(name), elem)
	m.Set(next)
	return nil
}

func setValue(v reflect.Value, key, value string) error {
	switch v.Kind() {
	case reflect.Slice:
		return setList(v, key, value)
	case reflect.Struct, reflect.Map, reflect.Interface:
		return faultf(key, "cannot be set from a single value: use a configuration file")
	}
	if v.Kind() != reflect.String {
		value = strings.TrimSpace(value)
	}
	if err := setScalar(v, value); err != nil {
		return faultf(key, "%v", err)
	}
	return nil
}

// setList reads "a,b" or "[a, b]".
func setList(v reflect.Value, key, value string) error {
	value = strings.TrimSpace(value)
	if inner, ok := strings.CutPrefix(value, "["); ok {
		if value, ok = strings.CutSuffix(inner, "]"); !ok {
			return faultf(key, "%s lacks its closing bracket", quote("["+inner))
		}
	}
	list := reflect.Zero(v.Type())
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		e := reflect.New(v.Type().Elem()).Elem()
		if err := setValue(e, key, part); err != nil {
			return err
		}
		list = reflect.Append(list, e)
	}
	v.Set(list)
	return nil
}
