package configs

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const maxSource = 1 << 20 // bytes of a configuration file

// parseYAML returns the body of a YAML source of one document; nil if it is
// empty. The library is known to panic on some malformed sources: that is a
// syntax error to the user.
func parseYAML(file string, src []byte) (body ast.Node, err error) {
	defer notYAML(file, &err)
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

// notYAML turns a panic of the library into an error. Deferred.
func notYAML(file string, err *error) {
	if r := recover(); r != nil {
		*err = &Error{File: file, Msg: "not YAML"}
	}
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
	msg, pos := err.Error(), position{}
	if y, ok := errors.AsType[yaml.Error](err); ok && positionOf(y.GetToken()) != pos {
		msg, pos = y.GetMessage(), positionOf(y.GetToken())
	}
	return (&Error{Msg: "not YAML: " + msg}).at(file, src, pos)
}

// positionOf is where a token stands; zero where that is not known.
func positionOf(t *token.Token) position {
	if t == nil || t.Position == nil {
		return position{}
	}
	return position{t.Position.Line, t.Position.Column}
}

// where is the place of a node; a mapping's is that of its first key.
func where(n ast.Node) position {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 {
		n = m.Values[0].Key
	}
	if mv, ok := n.(*ast.MappingValueNode); ok {
		n = mv.Key
	}
	return positionOf(n.GetToken())
}
