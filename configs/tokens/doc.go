// Package tokens counts how many tokens a text has under a model's own
// tokenizer.json. It knows byte-level byte-pair encoding (GPT-2, Llama 3,
// Qwen and the like); a file that asks for anything else is an error, never a
// number that is nearly right. Pre-tokenizer patterns are applied by regexp2,
// which has the look-ahead they need; merges here, as no maintained library in
// Go gives the ids of such files without cgo. Begin in tokens.go.
package tokens
