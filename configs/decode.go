package configs

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

const (
	maxSource = 1 << 20 // bytes of a configuration file
	maxNodes  = 200_000 // visited while decoding: aliases cannot explode
	maxDepth  = 16
)

// parseYAML returns the body of a YAML source of one document; nil if it is
// empty. The parser is known to panic on some malformed sources: that is a
// syntax error to the user.
func parseYAML(file string, src []byte) (body ast.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			body, err = nil, &Error{File: file, Msg: "not YAML"}
		}
	}()
	if len(src) > maxSource {
		return nil, &Error{File: file, Msg: fmt.Sprintf("larger than %d KiB: not a configuration", maxSource>>10)}
	}
	if !utf8.Valid(src) {
		return nil, &Error{File: file, Msg: "not text in UTF-8"}
	}
	if line := tooDeep(string(src)); line > 0 {
		return nil, (&Error{Msg: "nested too deeply for a configuration"}).at(file, src, position{line, 1})
	}
	f, err := parser.ParseBytes(src, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, syntaxError(file, src, err)
	}
	for _, doc := range f.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType || doc.Body.Type() == ast.CommentGroupType {
			continue
		}
		if body != nil {
			return nil, (&Error{Msg: "a second document: a configuration is one"}).at(file, src, where(doc.Body))
		}
		body = doc.Body
	}
	return body, nil
}

// tooDeep returns the first line, 1-based, that nests deeper than a
// configuration can, 0 if none does. The parser's time and memory grow with
// the square of the depth, so this is asked before it. It counts brackets
// even inside text: 64 open ones do not occur there either.
func tooDeep(src string) int {
	const levels = 64
	open, n := 0, 0
	for line := range strings.Lines(src) {
		n++
		rest := strings.TrimLeft(line, " ")
		indent := len(line) - len(rest)
		if indent > 4*levels && !strings.HasPrefix(rest, "#") {
			return n
		}
		for strings.HasPrefix(rest, "- ") {
			if rest, indent = strings.TrimLeft(rest[2:], " "), indent+2; indent > 4*levels {
				return n
			}
		}
		for _, r := range rest {
			switch r {
			case '[', '{':
				open++
			case ']', '}':
				open = max(open-1, 0)
			}
			if open > levels {
				return n
			}
		}
	}
	return 0
}

func syntaxError(file string, src []byte, err error) error {
	e := &Error{Msg: "not YAML: " + err.Error()}
	var y yaml.Error
	if !errors.As(err, &y) || y.GetToken() == nil || y.GetToken().Position == nil {
		return e.at(file, src, position{})
	}
	e.Msg = "not YAML: " + y.GetMessage()
	p := y.GetToken().Position
	return e.at(file, src, position{p.Line, p.Column})
}

// where is the place of a node; a mapping's is that of its first key.
func where(n ast.Node) position {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 {
		n = m.Values[0].Key
	}
	if mv, ok := n.(*ast.MappingValueNode); ok {
		n = mv.Key
	}
	tk := n.GetToken()
	if tk == nil || tk.Position == nil {
		return position{}
	}
	return position{tk.Position.Line, tk.Position.Column}
}

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

// scalar sets a single value.
func (d *decoder) scalar(n ast.Node, v reflect.Value, key string) error {
	s, ok := scalarText(n)
	if !ok {
		return faultAt(n, key, "want %s, got %s", wanted(v.Type()), describe(n))
	}
	if v.Kind() == reflect.Interface {
		v.Set(reflect.ValueOf(n.(ast.ScalarNode).GetValue()))
		if lit, ok := n.(*ast.LiteralNode); ok {
			v.Set(reflect.ValueOf(lit.Value.Value))
		}
		return nil
	}
	if n.Type() == ast.StringType && (v.Kind() == reflect.Bool || v.CanInt() && v.Type() != reflect.TypeFor[Duration]() || v.CanUint() || v.CanFloat()) {
		return faultAt(n, key, "want %s, got the text %s", wanted(v.Type()), quote(s))
	}
	if err := setScalar(v, s); err != nil {
		return faultAt(n, key, "%v", err)
	}
	return nil
}

// scalarText is a scalar as it stands in the source, unquoted.
func scalarText(n ast.Node) (string, bool) {
	switch x := n.(type) {
	case *ast.StringNode:
		return x.Value, true
	case *ast.LiteralNode:
		return x.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// setScalar sets v from text; the error says what is wanted.
func setScalar(v reflect.Value, s string) error {
	wrong := fmt.Errorf("want %s, got %s", wanted(v.Type()), quote(s))
	if v.Type() == reflect.TypeFor[Duration]() {
		d, err := parseDuration(s)
		v.SetInt(int64(d))
		return err
	}
	switch {
	case v.Kind() == reflect.String:
		v.SetString(s)
	case v.Kind() == reflect.Bool:
		if s != "true" && s != "false" {
			return wrong
		}
		v.SetBool(s == "true")
	case v.CanInt():
		x, err := strconv.ParseInt(s, 0, v.Type().Bits())
		if err != nil {
			return wrong
		}
		v.SetInt(x)
	case v.CanUint():
		x, err := strconv.ParseUint(s, 0, v.Type().Bits())
		if err != nil {
			return wrong
		}
		v.SetUint(x)
	case v.CanFloat():
		x, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return wrong
		}
		v.SetFloat(x)
	default:
		return wrong
	}
	return nil
}

// wanted names what a type takes, with its article.
func wanted(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[Duration]():
		return "a duration such as 250ms or 60s"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Float64:
		return "a number"
	case t.Kind() == reflect.Uint64:
		return "a whole number, 0 or more"
	case t.Kind() == reflect.Int:
		return "a whole number"
	case t.Kind() == reflect.Slice:
		return "a list"
	case t.Kind() == reflect.Interface:
		return "a single value"
	}
	return "text"
}

// describe names what stands at a node.
func describe(n ast.Node) string {
	switch n.Type() {
	case ast.MappingType, ast.MappingValueType:
		return "keys with values"
	case ast.SequenceType:
		return "a list"
	case ast.NullType:
		return "nothing"
	}
	if s, ok := scalarText(n); ok {
		return quote(s)
	}
	return "something else"
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
