//go:build cgo && linux

package nvml

import (
	"errors"
	"fmt"

	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/tailscope/tailscope/gpu"
)

// source is one device of an initialised driver.
type source struct {
	lib          nvml.Interface
	dev          nvml.Device
	index, count int
	name, driver string
	has          map[string]bool // optional functions that this driver has
}

// optional are the functions that old drivers lack: a call to a missing one
// ends the process.
var optional = []string{"nvmlDeviceGetMemoryInfo_v2", "nvmlDeviceGetCurrentClocksEventReasons",
	"nvmlDeviceGetCurrentClocksThrottleReasons", "nvmlDeviceGetEnforcedPowerLimit", "nvmlDeviceGetTotalEnergyConsumption",
	"nvmlDeviceGetMemoryBusWidth"}

// Open starts NVML for the device at index, 0-based as CUDA counts in this
// environment. Errors say in a phrase why there is nothing to read.
func Open(index int) (gpu.Source, error) { return open(nvml.New(), index, lookup) }

// lookup asks the loaded library for a symbol; valid only after Init.
func lookup(lib nvml.Interface, name string) bool { return lib.Extensions().LookupSymbol(name) == nil }

func open(lib nvml.Interface, index int, has func(nvml.Interface, string) bool) (gpu.Source, error) {
	if ret := lib.Init(); ret != nvml.SUCCESS {
		return nil, initError(ret)
	}
	s := &source{lib: lib, index: index, has: map[string]bool{}}
	for _, name := range optional {
		s.has[name] = has(lib, name)
	}
	err := s.find()
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// initError explains a failed Init without asking the library, which may not
// be there.
func initError(ret nvml.Return) error {
	switch ret {
	case nvml.ERROR_LIBRARY_NOT_FOUND:
		return errors.New("no NVIDIA driver on this machine (libnvidia-ml.so.1 not found)")
	case nvml.ERROR_DRIVER_NOT_LOADED:
		return errors.New("the NVIDIA driver is installed but not loaded")
	case nvml.ERROR_NO_PERMISSION:
		return errors.New("no permission to talk to the NVIDIA driver")
	case nvml.ERROR_LIB_RM_VERSION_MISMATCH:
		return errors.New("the NVIDIA driver and its library differ in version: restart the machine")
	}
	return fmt.Errorf("NVML does not start (code %d)", ret)
}

func (s *source) find() (err error) {
	n, ret := s.lib.DeviceGetCount()
	if ret != nvml.SUCCESS {
		return fmt.Errorf("count GPUs: %w", refusal(ret))
	}
	s.count = n
	if s.index, err = s.physical(s.index); err != nil {
		return err
	}
	if s.index < 0 || s.index >= n {
		return fmt.Errorf("there is no GPU %d: the driver shows %d", s.index, n)
	}
	if s.dev, ret = s.lib.DeviceGetHandleByIndex(s.index); ret != nvml.SUCCESS {
		return fmt.Errorf("open GPU %d: %w", s.index, refusal(ret))
	}
	if s.name, ret = s.dev.GetName(); ret != nvml.SUCCESS {
		s.name = fmt.Sprintf("GPU %d", s.index)
	}
	if s.driver, ret = s.lib.SystemGetDriverVersion(); ret != nvml.SUCCESS {
		s.driver = ""
	}
	return nil
}

// Close gives the driver back.
func (s *source) Close() { _ = s.lib.Shutdown() } // nothing to do about it

// Read polls the cheap calls: microseconds each. PCIe throughput (20 ms) and
// process lists (milliseconds under the driver's lock) are not among them.
func (s *source) Read() gpu.State {
	st := gpu.State{Index: s.index, Count: s.count, Name: s.name, Driver: s.driver}
	if u, ret := s.dev.GetUtilizationRates(); ret == nvml.SUCCESS {
		st.UtilPct, st.MemUtilPct = gpu.Of(u.Gpu), gpu.Of(u.Memory)
	} else {
		st.UtilPct, st.MemUtilPct = gpu.No(refusal(ret)), gpu.No(refusal(ret))
	}
	st.MemUsedBytes, st.MemTotalBytes = s.memory()
	st.PowerMilliwatts = number(s.dev.GetPowerUsage())
	st.PowerLimitMilliwatts = numberOf(s, "nvmlDeviceGetEnforcedPowerLimit", s.dev.GetEnforcedPowerLimit)
	st.TempC = number(s.dev.GetTemperature(nvml.TEMPERATURE_GPU))
	st.SMClockMHz = number(s.dev.GetClockInfo(nvml.CLOCK_SM))
	st.SMClockMaxMHz = number(s.dev.GetMaxClockInfo(nvml.CLOCK_SM))
	st.MemClockMHz = number(s.dev.GetClockInfo(nvml.CLOCK_MEM))
	st.MemClockMaxMHz = number(s.dev.GetMaxClockInfo(nvml.CLOCK_MEM))
	st.EnergyMillijoules = numberOf(s, "nvmlDeviceGetTotalEnergyConsumption", s.dev.GetTotalEnergyConsumption)
	st.MemBusBits = numberOf(s, "nvmlDeviceGetMemoryBusWidth", s.dev.GetMemoryBusWidth)
	st.Throttle, st.ThrottleErr = s.throttle()
	return st
}

// number converts a call's result to a reading.
func number[T uint32 | uint64](v T, ret nvml.Return) gpu.Reading {
	if ret != nvml.SUCCESS {
		return gpu.No(refusal(ret))
	}
	return gpu.Of(v)
}

// numberOf is number of a call that the driver may lack.
func numberOf[T uint32 | uint64](s *source, name string, call func() (T, nvml.Return)) gpu.Reading {
	if !s.has[name] {
		return gpu.No(refusal(nvml.ERROR_FUNCTION_NOT_FOUND))
	}
	return number(call())
}

// memory reads used and total bytes. A total of 0 (unified memory) is no total.
func (s *source) memory() (used, total gpu.Reading) {
	if s.has["nvmlDeviceGetMemoryInfo_v2"] {
		if m, ret := s.dev.GetMemoryInfo_v2(); ret == nvml.SUCCESS {
			return gpu.Of(m.Used), totalOf(m.Total)
		}
	}
	m, ret := s.dev.GetMemoryInfo()
	if ret != nvml.SUCCESS {
		return gpu.No(refusal(ret)), gpu.No(refusal(ret))
	}
	return gpu.Of(m.Used), totalOf(m.Total)
}

func totalOf(n uint64) gpu.Reading {
	if n == 0 {
		return gpu.No(errors.New("unified memory: no total of its own"))
	}
	return gpu.Of(n)
}

// reasons are the throttle reasons that slow a busy GPU down. Idle and
// clocks set by an application are not among them.
var reasons = []struct {
	bit  uint64
	name string
}{
	{0x04, "software power cap"}, {0x08, "hardware slowdown"}, {0x10, "sync boost"},
	{0x20, "software thermal slowdown"}, {0x40, "hardware thermal slowdown"}, {0x80, "hardware power brake"},
	{0x100, "display clock"},
}

func (s *source) throttle() (names []string, why string) {
	var mask uint64
	ret := nvml.Return(nvml.ERROR_FUNCTION_NOT_FOUND)
	switch {
	case s.has["nvmlDeviceGetCurrentClocksEventReasons"]:
		mask, ret = s.dev.GetCurrentClocksEventReasons()
	case s.has["nvmlDeviceGetCurrentClocksThrottleReasons"]:
		mask, ret = s.dev.GetCurrentClocksThrottleReasons()
	}
	if ret != nvml.SUCCESS {
		return nil, refusal(ret).Error()
	}
	for _, r := range reasons {
		if mask&r.bit != 0 {
			names = append(names, r.name)
		}
	}
	return names, ""
}
