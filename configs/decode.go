package configs

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

const (
	maxNodes = 200_000 // visited while decoding: aliases cannot explode
	maxDepth = 16
)

// places maps the path of a key to where its value stands.
type places map[string]position

// of finds where a key stands, or the nearest key around it.
func (p places) of(key string) position {
	for key != "" {
		if at, ok := p[key]; ok {
			return at
		}
		cut := strings.LastIndexAny(key, ".[")
		if cut < 0 {
			break
		}
		key = key[:cut]
	}
	return position{}
}

// decoder puts a YAML tree into a value, strictly: every key must be known
// and every value of the right kind. It notes where each key's value stands.
type decoder struct {
	places  places
	anchors map[string]ast.Node
	nodes   int
}

// fault carries the place of a node.
type fault struct {
	what *Error
	pos  position
}

func (f *fault) Error() string { return f.what.Error() }

func faultAt(n ast.Node, key, format string, args ...any) error {
	return &fault{faultf(key, format, args...), where(n)}
}

func (d *decoder) value(n ast.Node, v reflect.Value, key string, depth int) error {
	if d.nodes++; d.nodes > maxNodes || depth > maxDepth {
		return faultAt(n, key, "nested too deeply, or too large")
	}
	switch x := n.(type) {
	case *ast.AnchorNode:
		if x.Value == nil {
			return faultAt(n, key, "an anchor without a value")
		}
		d.anchors[x.Name.String()] = x.Value
		return d.value(x.Value, v, key, depth+1)
	case *ast.AliasNode:
		target, ok := d.anchors[x.Value.String()]
		if !ok {
			return faultAt(n, key, "no anchor named %s stands before it", quote(x.Value.String()))
		}
		return d.value(target, v, key, depth+1)
	case *ast.TagNode:
		return faultAt(n, key, "tags such as %s are not understood", quote(x.Start.Value))
	case *ast.CommentGroupNode:
		return nil
	}
	d.places[key] = where(n)
	if v.Type() == reflect.TypeFor[Duration]() {
		return d.scalar(n, v, key)
	}
	switch v.Kind() {
	case reflect.Struct:
		return d.structure(n, v, key, depth)
	case reflect.Map:
		return d.mapping(n, v, key, depth)
	case reflect.Slice:
		return d.list(n, v, key, depth)
	}
	return d.scalar(n, v, key)
}

// pairs returns the entries of a mapping.
func pairs(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch x := n.(type) {
	case *ast.MappingNode:
		return x.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{x}, true
	}
	return nil, false
}

func isNull(n ast.Node) bool { return n == nil || n.Type() == ast.NullType }

// entries walks a mapping and refuses repeated and merge keys.
func (d *decoder) entries(n ast.Node, key, want string, each func(name string, kv *ast.MappingValueNode) error) error {
	kvs, ok := pairs(n)
	if !ok {
		return faultAt(n, key, "want %s, got %s", want, describe(n))
	}
	seen := map[string]bool{}
	for _, kv := range kvs {
		if kv.Key.IsMergeKey() {
			return faultAt(kv.Key, key, "merge keys (<<) are not understood: use extends")
		}
		name, ok := keyName(kv.Key)
		if !ok {
			return faultAt(kv.Key, key, "a key must be a word")
		}
		if seen[name] {
			return faultAt(kv.Key, join(key, name), "given twice")
		}
		seen[name] = true
		if err := each(name, kv); err != nil {
			return err
		}
	}
	return nil
}

func keyName(k ast.MapKeyNode) (string, bool) {
	if s, ok := k.(*ast.StringNode); ok {
		return s.Value, true
	}
	if _, ok := k.(ast.ScalarNode); !ok || k.GetToken() == nil {
		return "", false
	}
	return k.GetToken().Value, true
}

func (d *decoder) structure(n ast.Node, v reflect.Value, key string, depth int) error {
	if isNull(n) {
		return nil // "torch:" with nothing below it
	}
	fields := fieldsOf(v.Type())
	return d.entries(n, key, "keys with values", func(name string, kv *ast.MappingValueNode) error {
		i, ok := fields.index[name]
		if !ok {
			return faultAt(kv.Key, "", "unknown key %s%s", quote(join(key, name)), didYouMean(name, fields.names))
		}
		return d.value(kv.Value, v.Field(i), join(key, name), depth+1)
	})
}

func (d *decoder) mapping(n ast.Node, v reflect.Value, key string, depth int) error {
	out := reflect.MakeMap(v.Type())
	if !isNull(n) {
		err := d.entries(n, key, "keys with values", func(name string, kv *ast.MappingValueNode) error {
			e := reflect.New(v.Type().Elem()).Elem()
			if err := d.value(kv.Value, e, join(key, name), depth+1); err != nil {
				return err
			}
			out.SetMapIndex(reflect.ValueOf(name), e)
			return nil
		})
		if err != nil {
			return err
		}
	}
	if out.Len() == 0 {
		out = reflect.Zero(v.Type())
	}
	v.Set(out)
	return nil
}

func (d *decoder) list(n ast.Node, v reflect.Value, key string, depth int) error {
	out := reflect.Zero(v.Type())
	if !isNull(n) {
		seq, ok := n.(*ast.SequenceNode)
		if !ok {
			return faultAt(n, key, "want a list such as [a, b], got %s", describe(n))
		}
		for i, item := range seq.Values {
			e := reflect.New(v.Type().Elem()).Elem()
			if err := d.value(item, e, fmt.Sprintf("%s[%d]", key, i), depth+1); err != nil {
				return err
			}
			out = reflect.Append(out, e)
		}
	}
	v.Set(out)
	return nil
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

// fieldSet is the keys of a struct.
type fieldSet struct {
	index map[string]int
	names []string
}

// fieldsOf reads the yaml tags.
func fieldsOf(t reflect.Type) fieldSet {
	f := fieldSet{index: map[string]int{}}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		f.index[name] = i
		f.names = append(f.names, name)
	}
	return f
}
