package ort

import (
	ortgo "github.com/yalue/onnxruntime_go"
)

// provider is an execution provider that was tried and works.
type provider struct {
	name    string            // cpu, webgpu, cuda, tensorrt
	device  string            // what computes, for people
	memory  string            // name of the device's memory, "" for the host
	id      int               // device index
	options map[string]string // checked against optionTable
}

// apply adds the provider to session options.
func (p provider) apply(o *ortgo.SessionOptions, spec sessionSpec) error {
	return nil
}
