package configs

import (
	"fmt"
	"math"
	"reflect"
	"strconv"

	"github.com/goccy/go-yaml/ast"
)

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
