// Package dims knows the sizes of symbolic dimensions: the lists, ranges and
// expressions that --dim takes, the expressions that exporters write where a
// name stands ("past_sequence_length + 1"), and what a dimension that nobody
// spoke of takes by its role.
//
// Text flows in; numbers flow out. It knows no model and no file. Begin with
// Expr in expr.go; Spec in spec.go is what one --dim says.
package dims
