package dims

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Spec is what one --dim says: values that are drawn from, or an expression
// over other dimensions.
type Spec struct {
	Values []int // nil when Expr holds
	Expr   Expr
}

// Tied reports whether the dimension follows from others.
func (s Spec) Tied() bool { return s.Values == nil }

// maxValues bounds a range.
const maxValues = 1 << 16

// ParseSpec reads "1,2,4", "1..64", both mixed, or an expression such as
// "input_0" or "past + seq".
func ParseSpec(text string) (Spec, error) {
	values, err := parseValues(text)
	if err == nil {
		return Spec{Values: values}, nil
	}
	e, exprErr := Parse(text)
	if exprErr != nil || len(e.names) == 0 {
		return Spec{}, err
	}
	return Spec{Expr: e}, nil
}

func parseValues(text string) ([]int, error) {
	var out []int
	for part := range strings.SplitSeq(text, ",") {
		lo, hi, ranged := strings.Cut(strings.TrimSpace(part), "..")
		a, err := strconv.Atoi(lo)
		b := a
		if err == nil && ranged {
			b, err = strconv.Atoi(hi)
		}
		if err != nil || a < 0 || b < a || b-a+len(out) > maxValues {
			return nil, fmt.Errorf("%q is no list of sizes such as 1,2,4 or 1..64, nor made of other dimensions such as past+seq", text)
		}
		for v := a; v <= b; v++ {
			out = append(out, v)
		}
	}
	return out, nil
}

// Role is what a symbolic dimension most likely measures.
type Role struct {
	Name   string // "batch", "sequence", …
	Values []int  // what it takes unless --dim says otherwise
}

// roles are tried in order; the first whose pattern matches the dimension's
// name is taken.
var roles = []struct {
	Role
	name *regexp.Regexp
}{
	{Role{"batch", []int{1}}, regexp.MustCompile(`(?i)batch|^(n|b|bs|bsz)$`)},
	{Role{"past", []int{16, 32, 64, 128}}, regexp.MustCompile(`(?i)past`)},
	{Role{"height", []int{224, 320}}, regexp.MustCompile(`(?i)height|^(h|in_h|img_h)$`)},
	{Role{"width", []int{224, 320}}, regexp.MustCompile(`(?i)width|^(w|in_w|img_w)$`)},
	{Role{"samples", []int{16000, 32000}}, regexp.MustCompile(`(?i)sample|audio|wav`)},
	{Role{"sequence", []int{16, 32, 64, 128}}, regexp.MustCompile(`(?i)seq|len|time|frame|token|text|phon|step|^(t|l|s)$`)},
}

// Pixels and Batch are the roles that a dimension has by its place, where its
// name says nothing.
var (
	Batch   = roles[0].Role
	Height  = roles[2].Role
	Width   = roles[3].Role
	Unknown = Role{"", []int{1, 2, 4, 8}}
)

// RoleOf is the role of a dimension by its name; Unknown when that says nothing.
func RoleOf(name string) Role {
	for _, r := range roles {
		if r.name.MatchString(name) {
			return r.Role
		}
	}
	return Unknown
}
