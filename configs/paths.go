package configs

import (
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// keyOf is the path of a node as errors name it: scenarios[0].prompts[1].tokens.
func keyOf(n ast.Node) string {
	return strings.ReplaceAll(strings.TrimPrefix(strings.TrimPrefix(n.GetPath(), "$"), "."), "'", "")
}

// cutLast cuts a path before its last key or index.
func cutLast(key string) (around, last string) {
	if i := strings.LastIndexAny(key, ".["); i >= 0 {
		return key[:i], strings.Trim(key[i:], ".[]")
	}
	return "", key
}

// typeAt is the type of what stands at a path below Config; nil if nothing can.
func typeAt(key string) reflect.Type {
	t := reflect.TypeFor[Config]()
	for part := range strings.FieldsFuncSeq(key, func(r rune) bool { return r == '.' || r == '[' }) {
		switch t.Kind() {
		case reflect.Map: // what is left is a name
			if t.Elem().Kind() != reflect.Slice {
				return t.Elem()
			}
			t = t.Elem()
		case reflect.Slice:
			t = t.Elem()
		case reflect.Struct:
			i, ok := fieldsOf(t).index[part]
			if !ok {
				return nil
			}
			t = t.Field(i).Type
		default:
			return nil
		}
	}
	return t
}

// fieldSet is the keys of a struct.
type fieldSet struct {
	index map[string]int
	names []string
}

// fieldsOf reads the yaml tags; none of what is no struct.
func fieldsOf(t reflect.Type) fieldSet {
	f := fieldSet{index: map[string]int{}}
	if t == nil || t.Kind() != reflect.Struct {
		return f
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		f.index[name] = i
		f.names = append(f.names, name)
	}
	return f
}
