package configs

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"strconv"

	"github.com/goccy/go-yaml/ast"
)

// changes says how a single value would change if it were read at key; "" if
// it is what it is written as.
func changes(n ast.ScalarNode, key string) string {
	t := typeAt(key)
	if t == nil || n.Type() == ast.NullType || n.GetToken() == nil {
		return ""
	}
	text := n.GetToken().Value
	if n.Type() == ast.StringType {
		text = n.String()
	}
	switch number := n.Type() != ast.StringType && n.Type() != ast.LiteralType; {
	case t == reflect.TypeFor[Duration](), number && (t.Kind() == reflect.Int || t.Kind() == reflect.Uint64 || t.Kind() == reflect.Float64):
		if err := setScalar(reflect.New(t).Elem(), text); err != nil {
			return err.Error()
		}
	case number && t.Kind() == reflect.String && fmt.Sprint(n.GetValue()) != text:
		return fmt.Sprintf("put it in quotes: %s reads as %v", text, n.GetValue())
	}
	return ""
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

// kinds are what values of a kind are called, with an article.
var kinds = map[reflect.Kind]string{
	reflect.Bool:      "true or false",
	reflect.Float64:   "a number",
	reflect.Uint64:    "a whole number, 0 or more",
	reflect.Int:       "a whole number",
	reflect.Slice:     "a list such as [a, b]",
	reflect.Struct:    "keys with values",
	reflect.Map:       "keys with values",
	reflect.Interface: "a single value",
}

// wanted names what a type takes.
func wanted(t reflect.Type) string {
	switch t {
	case nil:
		return "nothing"
	case reflect.TypeFor[Duration]():
		return "a duration such as 250ms or 60s"
	}
	return cmp.Or(kinds[t.Kind()], "text")
}

// describe names what stands at a node.
func describe(n ast.Node) string {
	switch x := n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys with values"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode:
		return "the text " + quote(x.Value)
	case ast.ScalarNode:
		return quote(x.GetToken().Value)
	}
	return "something else"
}
