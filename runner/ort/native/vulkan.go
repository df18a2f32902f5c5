package native

/*
#include <stdlib.h>
#include "vulkan.h"
*/
import "C"

import (
	"errors"
	"strconv"
	"strings"
	"unsafe"
)

// vulkanDevice is a device that a Vulkan driver offers.
type vulkanDevice struct {
	kind int // 1 integrated, 2 discrete, 3 virtual, 4 software, 0 other
	name string
}

// softwareNames are drivers that compute on the processor, whatever kind of
// device they claim to be.
var softwareNames = []string{"swiftshader", "llvmpipe", "lavapipe", "softpipe"}

// software reports whether the device computes on the processor.
func (d vulkanDevice) software() bool {
	name := strings.ToLower(d.name)
	for _, s := range softwareNames {
		if strings.Contains(name, s) {
			return true
		}
	}
	return d.kind == 4
}

// VulkanDevices lists what WebGPU can choose from, discrete GPUs first, as
// WebGPU itself prefers them.
func VulkanDevices() ([]vulkanDevice, error) {
	const room = 8 << 10
	buf := (*C.char)(C.malloc(room))
	defer C.free(unsafe.Pointer(buf))
	if err := take(C.ts_vulkan(buf, room)); err != nil {
		return nil, err
	}
	var discrete, other, soft []vulkanDevice
	for line := range strings.Lines(C.GoString(buf)) {
		kind, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		k, _ := strconv.Atoi(kind)
		d := vulkanDevice{k, name}
		switch {
		case d.software():
			soft = append(soft, d)
		case k == 2:
			discrete = append(discrete, d)
		default:
			other = append(other, d)
		}
	}
	all := append(append(discrete, other...), soft...)
	if len(all) == 0 {
		return nil, errors.New("Vulkan finds no device")
	}
	return all, nil
}
