package dims

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Expr is an integer expression over dimensions: numbers, names, + − * / // %,
// parentheses, and the functions that PyTorch's and Optimum's exporters write
// (floor, ceil, ceiling, max, min, mod, floordiv, ceildiv; any case).
type Expr struct {
	text  string
	eval  func(map[string]int) (float64, error)
	names []string
}

// maxExpr bounds the text of an expression; recursion is bounded with it.
const maxExpr = 512

// Parse reads an expression.
func Parse(text string) (Expr, error) {
	if len(text) > maxExpr {
		return Expr{}, fmt.Errorf("an expression of %d bytes is too long", len(text))
	}
	p := parser{rest: text}
	e, err := p.sum()
	if err == nil && p.peek() != "" {
		err = fmt.Errorf("%q is not understood", p.peek())
	}
	if err != nil {
		return Expr{}, fmt.Errorf("expression %q: %w", text, err)
	}
	return Expr{text: text, eval: e, names: p.names}, nil
}

// String is the text that was parsed.
func (e Expr) String() string { return e.text }

// Names are the dimensions it reads, each once, in order of appearance.
func (e Expr) Names() []string { return e.names }

// Plain reports whether the expression is one name and nothing else.
func (e Expr) Plain() bool { return len(e.names) == 1 && strings.TrimSpace(e.text) == e.names[0] }

// Free leaves out the names that are expressions over others of them:
// exporters write "past_sequence_length + 1" where a name stands.
func Free(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		e, err := Parse(name)
		if err != nil || e.Plain() || len(e.names) == 0 {
			return false
		}
		return !slices.ContainsFunc(e.names, func(n string) bool { return n == name || !slices.Contains(names, n) })
	})
}

// Eval is the value under the sizes given: a whole number of at least 0. A
// fraction is an error, as no tensor has half a row.
func (e Expr) Eval(sizes map[string]int) (int, error) {
	v, err := e.eval(sizes)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s: %w", e.text, err)
	case v != math.Trunc(v) || v < 0 || v > math.MaxInt32:
		return 0, fmt.Errorf("%s is %v, no size of a dimension", e.text, v)
	}
	return int(v), nil
}

type node = func(map[string]int) (float64, error)

type parser struct {
	rest  string
	names []string
}

// peek is the next token, "" at the end.
func (p *parser) peek() string {
	p.rest = strings.TrimLeft(p.rest, " \t")
	s := p.rest
	if s == "" {
		return ""
	}
	if strings.HasPrefix(s, "//") {
		return s[:2]
	}
	if n := strings.IndexFunc(s, func(r rune) bool { return !nameRune(r) }); n != 0 {
		if n < 0 {
			return s
		}
		return s[:n]
	}
	for i := range s { // one rune, whatever it is
		if i > 0 {
			return s[:i]
		}
	}
	return s
}

func nameRune(r rune) bool {
	return r == '_' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 127
}

func (p *parser) take(token string) bool {
	if p.peek() != token {
		return false
	}
	p.rest = p.rest[len(token):]
	return true
}

func (p *parser) sum() (node, error)     { return p.chain((*parser).product, "+", "-") }
func (p *parser) product() (node, error) { return p.chain((*parser).factor, "*", "//", "/", "%") }

// chain reads operands between operators of one rank, left to right.
func (p *parser) chain(operand func(*parser) (node, error), ops ...string) (node, error) {
	left, err := operand(p)
	for err == nil {
		op := p.peek()
		if !slices.Contains(ops, op) {
			break
		}
		p.take(op)
		var right node
		if right, err = operand(p); err == nil {
			left = apply(op, left, right)
		}
	}
	return left, err
}

func (p *parser) factor() (node, error) {
	tok := p.peek()
	switch {
	case tok == "":
		return nil, fmt.Errorf("it ends where a size is expected")
	case p.take("-"):
		x, err := p.factor()
		if err != nil {
			return nil, err
		}
		return apply("-", func(map[string]int) (float64, error) { return 0, nil }, x), nil
	case p.take("("):
		x, err := p.sum()
		if err == nil && !p.take(")") {
			err = fmt.Errorf("a parenthesis is not closed")
		}
		return x, err
	case tok[0] >= '0' && tok[0] <= '9':
		n, err := strconv.Atoi(tok)
		if err != nil {
			return nil, fmt.Errorf("%q is neither a number nor a name", tok)
		}
		p.take(tok)
		return func(map[string]int) (float64, error) { return float64(n), nil }, nil
	case !strings.ContainsFunc(tok, func(r rune) bool { return !nameRune(r) }):
		p.take(tok)
		if p.take("(") {
			return p.call(strings.ToLower(tok))
		}
		if !slices.Contains(p.names, tok) {
			p.names = append(p.names, tok)
		}
		return func(sizes map[string]int) (float64, error) {
			v, ok := sizes[tok]
			if !ok {
				return 0, fmt.Errorf("there is no dimension %q", tok)
			}
			return float64(v), nil
		}, nil
	}
	return nil, fmt.Errorf("%q is not understood", tok)
}

// functions take as many arguments as their first number says; 0: one or more.
var functions = map[string]struct {
	args int
	op   string // folded over the arguments; of one argument, applied to it
}{
	"floor": {1, "floor"}, "ceil": {1, "ceil"}, "ceiling": {1, "ceil"}, "int": {1, "floor"}, "trunctoint": {1, "floor"},
	"max": {0, "max"}, "min": {0, "min"},
	"mod": {2, "%"}, "pythonmod": {2, "%"}, "floordiv": {2, "//"}, "cleandiv": {2, "/"}, "inttruediv": {2, "/"}, "ceildiv": {2, "ceildiv"},
}

func (p *parser) call(name string) (node, error) {
	f, ok := functions[name]
	if !ok {
		return nil, fmt.Errorf("there is no function %q", name)
	}
	var args []node
	for {
		x, err := p.sum()
		if err != nil {
			return nil, err
		}
		if args = append(args, x); !p.take(",") {
			break
		}
	}
	if !p.take(")") || f.args > 0 && len(args) != f.args {
		return nil, fmt.Errorf("%s takes %d arguments in parentheses", name, max(f.args, 1))
	}
	if f.args == 1 {
		return apply(f.op, args[0], args[0]), nil
	}
	x := args[0]
	for _, a := range args[1:] {
		x = apply(f.op, x, a)
	}
	return x, nil
}

var operators = map[string]func(a, b float64) float64{
	"+": func(a, b float64) float64 { return a + b }, "-": func(a, b float64) float64 { return a - b },
	"*": func(a, b float64) float64 { return a * b }, "/": func(a, b float64) float64 { return a / b },
	"//": func(a, b float64) float64 { return math.Floor(a / b) }, "%": func(a, b float64) float64 { return a - b*math.Floor(a/b) },
	"ceildiv": func(a, b float64) float64 { return math.Ceil(a / b) },
	"floor":   func(a, _ float64) float64 { return math.Floor(a) }, "ceil": func(a, _ float64) float64 { return math.Ceil(a) },
	"max": math.Max, "min": math.Min,
}

func apply(op string, a, b node) node {
	f := operators[op]
	return func(sizes map[string]int) (float64, error) {
		x, err := a(sizes)
		if err != nil {
			return 0, err
		}
		y, err := b(sizes)
		if err != nil {
			return 0, err
		}
		v := f(x, y)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, fmt.Errorf("it divides by zero")
		}
		return v, nil
	}
}
