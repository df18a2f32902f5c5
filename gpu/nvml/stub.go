//go:build !cgo || !linux

package nvml

import (
	"errors"

	"github.com/tailscope/tailscope/gpu"
)

// Open says that this build cannot read GPUs.
func Open(int) (gpu.Source, error) {
	return nil, errors.New("this build reads no GPU: it was made without cgo, or not on Linux")
}
