// Package torch is the PyTorch engine: a Python worker that is embedded here,
// runs on the user's own interpreter and torch, and speaks the protocol of
// docs/protocol.md. In: a configs.Torch. Out: how to start the worker, the
// options of its load message, and what the interpreter lacks.
//
// Nothing of Python is linked in: where there is no interpreter, only Doctor
// and Command say so. Begin in torch.go.
package torch
