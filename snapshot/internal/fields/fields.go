package fields

import (
	"iter"
	"reflect"
	"strings"
)

// Of yields the fields of a struct, or of what a pointer to one points to, under
// their JSON names and in the order of their JSON: embedded structs as their fields,
// those that JSON leaves out ("-") not at all. Nothing comes of a nil pointer.
func Of(v any) iter.Seq2[string, reflect.Value] {
	return func(yield func(string, reflect.Value) bool) { walk(reflect.ValueOf(v), yield) }
}

func walk(v reflect.Value, yield func(string, reflect.Value) bool) bool {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return true
		}
		v = v.Elem()
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			if !walk(v.Field(i), yield) {
				return false
			}
		case name == "-" || !f.IsExported():
		default:
			if name == "" {
				name = f.Name
			}
			if !yield(name, v.Field(i)) {
				return false
			}
		}
	}
	return true
}
