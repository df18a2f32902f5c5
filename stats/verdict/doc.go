// Package verdict says in sentences what the numbers support: summaries, pairs,
// causes and facts in (Input), a stats.Verdict out (Judge). verdict.go ranks the
// lanes, advice.go applies the production rule, until.go ends a run.
package verdict
