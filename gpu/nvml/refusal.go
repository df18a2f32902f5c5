//go:build cgo && linux

package nvml

import (
	"errors"
	"fmt"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

var refusals = map[nvml.Return]error{
	nvml.ERROR_NOT_SUPPORTED:      errors.New("not supported by this GPU"),
	nvml.ERROR_FUNCTION_NOT_FOUND: errors.New("not known to this driver"),
	nvml.ERROR_NO_PERMISSION:      errors.New("no permission"),
	nvml.ERROR_GPU_IS_LOST:        errors.New("the GPU is lost"),
	nvml.ERROR_RESET_REQUIRED:     errors.New("the GPU needs a reset"),
	nvml.ERROR_TIMEOUT:            errors.New("the driver timed out"),
	nvml.ERROR_NOT_READY:          errors.New("the driver is not ready"),
}

// refusal is why a call gave no value. It never is the Return itself: that
// asks the driver's library for its text, and a reading may be printed by
// another goroutine after the library is gone.
func refusal(ret nvml.Return) error {
	if err, ok := refusals[ret]; ok {
		return err
	}
	return fmt.Errorf("NVML code %d", int(ret))
}
