package limit

// Transformer is the work of a language model as a function of rows, tokens and
// cache: everything but attention is linear in tokens.
type Transformer struct {
	Weights float64 // bytes that every pass reads whole
	Row     float64 // bytes a token gathers from embeddings, with its id
	Cache   float64 // bytes a token has in the cache
	Out     float64 // bytes of one row's logits
	Linear  float64 // operations a token
	Head    float64 // operations a row: logits of one position
	Square  float64 // operations for each pair of a token and what it attends to
}

// Prefill is a pass over a prompt: rows × tokens, logits of the last.
func (m *Transformer) Prefill(rows, tokens int) Work {
	b, n := float64(rows), float64(tokens)
	return Work{Bytes: m.Weights + b*(n*(m.Row+m.Cache)+m.Out), Ops: b * (m.Head + n*m.Linear + n*n*m.Square)}
}

// Steps is the mean of decode steps whose caches, each step's own token among
// them, grow from first to last.
func (m *Transformer) Steps(rows, first, last int) Work {
	b, n := float64(rows), float64(first+last)/2
	return Work{Bytes: m.Weights + b*(m.Row+n*m.Cache+m.Out), Ops: b * (m.Head + m.Linear + n*m.Square)}
}
