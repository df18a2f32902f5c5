package gate

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Lookup returns the quantity of a name in result A or B. ok is false when
// the name is unknown; the value is NaN when it is known and missing.
type Lookup func(name string, inA bool) (v float64, ok bool)

// Expr is a comparison that was read.
type Expr struct {
	Text        string
	left, right node
	op          string
}

// Values are both sides of an expression. Fails is a sentence where a value is
// missing or divided by zero: then nothing holds.
type Values struct {
	Left, Right float64
	Fails       string
}

// node is a part of an arithmetic expression.
type node interface {
	eval(Lookup) (float64, error)
}

type (
	number float64
	name   string
	call   struct{ fn, arg string }
	binary struct {
		op   byte
		a, b node
	}
	negated struct{ a node }
)

func (n number) eval(Lookup) (float64, error) { return float64(n), nil }

func (n name) eval(l Lookup) (float64, error) { return get(l, string(n), false) }

func get(l Lookup, n string, inA bool) (float64, error) {
	v, ok := l(n, inA)
	if !ok {
		return 0, fmt.Errorf("there is no quantity %q", n)
	}
	return v, nil
}

func (c call) eval(l Lookup) (float64, error) {
	a, err := get(l, c.arg, true)
	if err != nil || c.fn == "base" {
		return a, err
	}
	b, err := get(l, c.arg, false)
	if c.fn == "delta" {
		return b - a, err
	}
	if err != nil {
		return 0, err
	}
	return quotient(b, a)
}

// errZero is a division by zero: nothing that a gate may pass on.
var errZero = errors.New("division by zero")

func quotient(a, b float64) (float64, error) {
	if b == 0 {
		return math.NaN(), errZero
	}
	return a / b, nil
}

func (x negated) eval(l Lookup) (float64, error) {
	v, err := x.a.eval(l)
	return -v, err
}

func (x binary) eval(l Lookup) (float64, error) {
	a, err := x.a.eval(l)
	if err != nil {
		return 0, err
	}
	b, err := x.b.eval(l)
	if err != nil {
		return 0, err
	}
	switch x.op {
	case '+':
		return a + b, nil
	case '-':
		return a - b, nil
	case '*':
		return a * b, nil
	}
	return quotient(a, b)
}

// maxLen and maxDepth bound an expression.
const (
	maxLen   = 1000
	maxDepth = 50
)

// Parse reads an expression.
func Parse(s string) (*Expr, error) {
	if len(s) > maxLen {
		return nil, fmt.Errorf("the gate is longer than %d characters", maxLen)
	}
	p := &parser{s: s}
	e := &Expr{Text: strings.TrimSpace(s)}
	var err error
	if e.left, err = p.sum(0); err != nil {
		return nil, p.wrap(err)
	}
	if e.op = p.operator(); e.op == "" {
		return nil, p.wrap(fmt.Errorf("want one of <=, <, >=, > after a quantity"))
	}
	if e.right, err = p.sum(0); err != nil {
		return nil, p.wrap(err)
	}
	if p.space(); p.at < len(p.s) {
		return nil, p.wrap(fmt.Errorf("unexpected %q", p.s[p.at:]))
	}
	return e, nil
}

// Values evaluates both sides of the expression.
func (e *Expr) Values(l Lookup) (v Values, err error) {
	var left, right error
	v.Left, left = e.left.eval(l)
	v.Right, right = e.right.eval(l)
	for _, err := range []error{left, right} {
		if err != nil && !errors.Is(err, errZero) {
			return v, fmt.Errorf("gate '%s': %w", e.Text, err)
		}
	}
	switch {
	case left != nil || right != nil:
		v.Fails = fmt.Sprintf("gate '%s' fails: it divides by zero", e.Text)
	case math.IsNaN(v.Left) || math.IsNaN(v.Right):
		v.Fails = fmt.Sprintf("gate '%s' fails: a value is missing", e.Text)
	}
	return v, nil
}

// AtMost says whether the left side may be no more than the right one; else it
// may be no less.
func (e *Expr) AtMost() bool { return e.op[0] == '<' }

// Holds says whether values keep the gate, taken as they are.
func (e *Expr) Holds(v Values) bool {
	switch e.op {
	case "<=":
		return v.Left <= v.Right
	case "<":
		return v.Left < v.Right
	case ">=":
		return v.Left >= v.Right
	}
	return v.Left > v.Right
}

// Show prints a value.
func Show(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

type parser struct {
	s  string
	at int
}

func (p *parser) wrap(err error) error {
	return fmt.Errorf("gate '%s', character %d: %w", p.s, p.at+1, err)
}

func (p *parser) space() {
	for p.at < len(p.s) && strings.IndexByte(" \t\r\n", p.s[p.at]) >= 0 {
		p.at++
	}
}

func (p *parser) operator() string {
	p.space()
	for _, op := range []string{"<=", ">=", "<", ">"} {
		if strings.HasPrefix(p.s[p.at:], op) {
			p.at += len(op)
			return op
		}
	}
	return ""
}

// one takes one of the bytes given.
func (p *parser) one(set string) byte {
	p.space()
	if p.at < len(p.s) && strings.IndexByte(set, p.s[p.at]) >= 0 {
		p.at++
		return p.s[p.at-1]
	}
	return 0
}

func (p *parser) sum(depth int) (node, error) { return p.chain("+-", p.product, depth) }

func (p *parser) product(depth int) (node, error) { return p.chain("*/", p.atom, depth) }

// chain reads parts between which operators stand that bind alike, from the left.
func (p *parser) chain(operators string, part func(depth int) (node, error), depth int) (node, error) {
	a, err := part(depth)
	for err == nil {
		op := p.one(operators)
		if op == 0 {
			return a, nil
		}
		var b node
		if b, err = part(depth); err == nil {
			a = binary{op, a, b}
		}
	}
	return nil, err
}

func (p *parser) atom(depth int) (node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested too deeply")
	}
	switch {
	case p.one("-") != 0:
		a, err := p.atom(depth + 1)
		return negated{a}, err
	case p.one("(") != 0:
		a, err := p.sum(depth + 1)
		if err != nil {
			return nil, err
		}
		if p.one(")") == 0 {
			return nil, fmt.Errorf("want )")
		}
		return a, nil
	}
	w := p.word()
	if w == "" {
		return nil, fmt.Errorf("want a quantity, e.g. optimized.p99_ms, or a number")
	}
	if v, err := strconv.ParseFloat(w, 64); err == nil && w[0] < 'A' {
		return number(v), nil
	}
	if p.one("(") == 0 {
		return name(w), nil
	}
	if w != "ratio" && w != "delta" && w != "base" {
		return nil, fmt.Errorf("%s is no function; there are ratio, delta and base", w)
	}
	p.space()
	arg := p.word()
	if arg == "" || p.one(")") == 0 {
		return nil, fmt.Errorf("%s takes one quantity, e.g. %s(optimized.p99_ms)", w, w)
	}
	return call{w, arg}, nil
}

// word takes a name or a number, as 1.05 or 5e-2. Names may hold letters, digits, dots and
// underscores; other labels stand in double quotes.
func (p *parser) word() string {
	w := wordStart.FindString(p.s[p.at:])
	p.at += len(w)
	return strings.ReplaceAll(w, `"`, "")
}

var wordStart = regexp.MustCompile(`^(?:[\d.]+[eE][+-]\d+|(?:[\w.]|"[^"]*(?:"|$))*)`)
