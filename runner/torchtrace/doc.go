// Package torchtrace reads what torch writes with TORCH_TRACE set, while it
// is written or afterwards. In: a folder of dedicated_log_torch_trace_*.log,
// one a process or rank. Out: compiles, recompiles with reasons, graph breaks,
// cache hits, recordings and autotunes, as events of the protocol.
//
// These files hold the code of models: it is read past and never kept.
//
// Begin in parse.go; folder.go follows files, serve.go is the engine of
// "tailscope watch".
package torchtrace
