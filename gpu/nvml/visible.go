//go:build cgo && linux

package nvml

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// physical is the driver's number of CUDA's device of that index: the two
// differ where CUDA_VISIBLE_DEVICES hides or orders devices by index or by
// UUID (any prefix that names one), as CUDA's programming guide says. Indices
// count as the driver does, which CUDA does for devices of one kind, and for
// others under CUDA_DEVICE_ORDER=PCI_BUS_ID.
func (s *source) physical(index int) (int, error) {
	list, set := os.LookupEnv("CUDA_VISIBLE_DEVICES")
	if !set {
		return index, nil
	}
	var seen []int
	for _, name := range strings.Split(list, ",") {
		n, err := s.named(strings.TrimSpace(name))
		if err != nil {
			return 0, err
		}
		if n < 0 { // CUDA stops at the first that is none
			break
		}
		seen = append(seen, n)
	}
	switch {
	case len(seen) == 0: // CUDA is shut out; whoever uses the device counts as the driver does
		return index, nil
	case index < 0 || index >= len(seen):
		return 0, fmt.Errorf("there is no GPU %d: CUDA_VISIBLE_DEVICES=%q shows %d", index, list, len(seen))
	}
	return seen[index], nil
}

// named is the driver's number of a device by its index or UUID; -1 for none.
func (s *source) named(name string) (int, error) {
	if n, err := strconv.Atoi(name); err == nil {
		if n >= s.count {
			return -1, nil
		}
		return n, nil
	}
	if strings.HasPrefix(name, "MIG-") {
		return 0, fmt.Errorf("CUDA_VISIBLE_DEVICES names a slice of a GPU (%s), whose figures are not read", name)
	}
	if !strings.HasPrefix(name, "GPU-") {
		return -1, nil
	}
	for n := range s.count {
		if dev, ret := s.lib.DeviceGetHandleByIndex(n); ret == nvml.SUCCESS {
			if uuid, ret := dev.GetUUID(); ret == nvml.SUCCESS && strings.HasPrefix(uuid, name) {
				return n, nil
			}
		}
	}
	return -1, nil
}
