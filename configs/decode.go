package configs

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// maxAliases bounds what a source can grow to while it is decoded: an anchor
// holds no alias, so it is the number of aliases times the source.
const maxAliases = 100

// places maps the path of a key to where its value stands.
type places map[string]position

// of finds where a key stands, or the nearest key around it.
func (p places) of(key string) position {
	for key != "" {
		if at, ok := p[key]; ok {
			return at
		}
		key, _ = cutLast(key)
	}
	return position{}
}

// decode reads a source over a configuration, strictly: an unknown key, a
// value of the wrong kind or a repeated key is an error with its place. A key
// without a value leaves what is there. It returns where each key stands.
func decode(file string, src []byte, into *Config) (at places, err error) {
	body, err := parseYAML(file, src)
	if err != nil || body == nil {
		return nil, err
	}
	defer notYAML(file, &err)
	l := &lossless{places: places{}, anchors: map[string]ast.Node{}}
	if ast.Walk(l, body); l.fault != nil {
		return nil, l.fault.at(file, src, where(l.node))
	}
	if err := yaml.NodeToValue(body, into, yaml.Strict()); err != nil {
		e, pos := told(body, err)
		return nil, e.at(file, src, pos)
	}
	return l.places, nil
}

// lossless walks a tree, notes where keys stand, and stops at the first thing
// that the library would take and change on the way, or that could explode.
type lossless struct {
	places  places
	anchors map[string]ast.Node
	aliases int
	fault   *Error
	node    ast.Node // where the fault is
}

// Visit implements ast.Visitor.
func (l *lossless) Visit(n ast.Node) ast.Visitor {
	if l.fault != nil {
		return nil
	}
	key := keyOf(n)
	l.places[key] = where(n)
	if msg := l.refuse(n, key); msg != "" {
		l.fault, l.node = faultf(key, "%s", msg), n
	}
	return below(l, n)
}

// below goes on with what is below a node, but not with names: of keys,
// anchors and aliases.
func below(v ast.Visitor, n ast.Node) ast.Visitor {
	switch x := n.(type) {
	case *ast.MappingValueNode:
		ast.Walk(v, x.Value)
	case *ast.AnchorNode:
		ast.Walk(v, x.Value)
	case *ast.AliasNode:
	default:
		return v
	}
	return nil
}

func (l *lossless) refuse(n ast.Node, key string) string {
	switch x := n.(type) {
	case *ast.TagNode:
		return "tags such as " + quote(x.Start.Value) + " are not understood"
	case *ast.AnchorNode:
		if x.Value == nil || len(ast.Filter(ast.AliasType, x.Value)) > 0 {
			return "an anchor needs a value, and no alias in it"
		}
		l.anchors[x.Name.String()] = x.Value
	case *ast.AliasNode:
		return l.alias(l.anchors[x.Value.String()], x.Value.String(), key)
	case *ast.MappingValueNode:
		if x.Key.IsMergeKey() {
			return "merge keys (<<) are not understood: use extends"
		}
		if x.Key.Type() != ast.StringType {
			return "a key must be a word: put " + quote(x.Key.GetToken().Value) + " in quotes"
		}
	case ast.ScalarNode:
		return changes(x, key)
	}
	return ""
}

// alias checks what an anchor holds as if it stood at key.
func (l *lossless) alias(held ast.Node, name, key string) (msg string) {
	if held == nil {
		return "no anchor named " + quote(name) + " stands before it"
	}
	if l.aliases++; l.aliases > maxAliases {
		return fmt.Sprintf("more than %d aliases", maxAliases)
	}
	ast.Walk(each(func(v ast.Visitor, n ast.Node) ast.Visitor {
		if s, ok := n.(ast.ScalarNode); ok && msg == "" {
			msg = changes(s, key+strings.TrimPrefix(keyOf(n), keyOf(held)))
		}
		return below(v, n)
	}), held)
	return msg
}

// each is a visitor that is a function of itself and the node.
type each func(ast.Visitor, ast.Node) ast.Visitor

// Visit implements ast.Visitor.
func (f each) Visit(n ast.Node) ast.Visitor { return f(f, n) }

// told is an error of the library in this package's words.
func told(body ast.Node, err error) (*Error, position) {
	y, ok := errors.AsType[yaml.Error](err)
	if !ok || positionOf(y.GetToken()) == (position{}) {
		return faultf("", "%v", err), position{}
	}
	pos := positionOf(y.GetToken())
	key, got := "", "something else"
	ast.Walk(each(func(v ast.Visitor, n ast.Node) ast.Visitor {
		if where(n) == pos {
			key, got = keyOf(n), describe(n)
		}
		return v
	}), body)
	switch around, name := cutLast(key); err.(type) {
	case *yaml.UnknownFieldError:
		return faultf("", "unknown key %s%s", quote(key), didYouMean(name, fieldsOf(typeAt(around)).names)), pos
	case *yaml.DuplicateKeyError:
		return faultf(key, "given twice"), pos
	case *yaml.TypeError, *yaml.UnexpectedNodeTypeError, *yaml.OverflowError:
		return faultf(key, "want %s, got %s", wanted(typeAt(key)), got), pos
	}
	return faultf(key, "%s", y.GetMessage()), pos
}
