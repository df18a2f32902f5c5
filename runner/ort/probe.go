package ort

import (
	"errors"
	"fmt"
)

// ProviderReport says whether an execution provider runs on this machine.
type ProviderReport struct {
	Provider string `json:"provider"`
	Works    bool   `json:"works"`
	Reason   string `json:"reason,omitempty"` // why it does not
	Device   string `json:"device,omitempty"` // what computes
}

// Probe tries every provider of the library at path lib by running a small
// model on it, the preferred ones first.
func Probe(lib string) ([]ProviderReport, error) {
	if _, err := openLibrary(lib); err != nil {
		return nil, err
	}
	var out []ProviderReport
	for _, name := range providerOrder {
		r := ProviderReport{Provider: name}
		p, err := tryProvider(name, 0, nil)
		if err != nil {
			r.Reason = err.Error()
		} else {
			r.Works, r.Device = true, p.device
		}
		out = append(out, r)
	}
	return out, nil
}

// providerOrder is the order in which auto tries.
var providerOrder = []string{"tensorrt", "cuda", "webgpu", "cpu"}

// tryProvider makes sure that a provider runs here.
func tryProvider(name string, device int, options map[string]string) (provider, error) {
	if name != "cpu" {
		return provider{}, errors.New("not supported by this build yet")
	}
	p := provider{name: name, device: cpuName()}
	if device != 0 {
		return p, fmt.Errorf("the CPU provider has one device, 0; device %d is not there", device)
	}
	return p, nil
}
