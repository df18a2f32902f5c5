//go:build cgo && linux

package nvml

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock/dgxa100"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/internal/must"
)

// all and none stand for drivers with every optional function and without.
func all(nvml.Interface, string) bool  { return true }
func none(nvml.Interface, string) bool { return false }

// fullServer is the mock with the calls set that it leaves unset.
func fullServer() *dgxa100.Server {
	s := dgxa100.New()
	for _, dev := range s.Devices {
		d := dev.(*dgxa100.Device)
		d.GetUtilizationRatesFunc = func() (nvml.Utilization, nvml.Return) {
			return nvml.Utilization{Gpu: 87, Memory: 12}, nvml.SUCCESS
		}
		d.GetMemoryInfoFunc = func() (nvml.Memory, nvml.Return) {
			return nvml.Memory{Total: 150 << 30, Used: 3 << 30}, nvml.SUCCESS
		}
		d.GetMemoryInfo_v2Func = func() (nvml.Memory_v2, nvml.Return) {
			return nvml.Memory_v2{Total: 150 << 30, Used: 2 << 30}, nvml.SUCCESS
		}
		d.GetPowerUsageFunc = func() (uint32, nvml.Return) { return 412_000, nvml.SUCCESS }
		d.GetEnforcedPowerLimitFunc = func() (uint32, nvml.Return) { return 700_000, nvml.SUCCESS }
		d.GetTemperatureFunc = func(nvml.TemperatureSensors) (uint32, nvml.Return) { return 61, nvml.SUCCESS }
		d.GetClockInfoFunc = func(c nvml.ClockType) (uint32, nvml.Return) {
			return map[nvml.ClockType]uint32{nvml.CLOCK_SM: 1755, nvml.CLOCK_MEM: 3201}[c], nvml.SUCCESS
		}
		d.GetMaxClockInfoFunc = func(c nvml.ClockType) (uint32, nvml.Return) {
			return map[nvml.ClockType]uint32{nvml.CLOCK_SM: 1980, nvml.CLOCK_MEM: 3201}[c], nvml.SUCCESS
		}
		d.GetTotalEnergyConsumptionFunc = func() (uint64, nvml.Return) { return 1 << 40, nvml.SUCCESS }
		d.GetMemoryBusWidthFunc = func() (uint32, nvml.Return) { return 6144, nvml.SUCCESS }
		d.GetCurrentClocksEventReasonsFunc = func() (uint64, nvml.Return) {
			return nvml.ClocksEventReasonGpuIdle | nvml.ClocksEventReasonSwPowerCap | nvml.ClocksThrottleReasonHwThermalSlowdown, nvml.SUCCESS
		}
		d.GetCurrentClocksThrottleReasonsFunc = func() (uint64, nvml.Return) {
			return nvml.ClocksThrottleReasonHwPowerBrakeSlowdown, nvml.SUCCESS
		}
	}
	return s
}

func mustOpen(t *testing.T, lib nvml.Interface, has func(nvml.Interface, string) bool) gpu.Source {
	t.Helper()
	src := must.Get(open(lib, 1, has))(t)
	t.Cleanup(src.Close)
	return src
}

func TestReadEveryValue(t *testing.T) {
	st := mustOpen(t, fullServer(), all).Read()
	if st.Name != "Mock NVIDIA A100-SXM4-40GB" || st.Driver != "550.54.15" || st.Index != 1 || st.Count != 8 || st.Why != "" {
		t.Fatalf("%+v", st)
	}
	for name, c := range map[string]struct {
		got  gpu.Reading
		want float64
	}{
		"utilisation": {st.UtilPct, 87}, "memory utilisation": {st.MemUtilPct, 12}, "temperature": {st.TempC, 61},
		"SM clock": {st.SMClockMHz, 1755}, "highest": {st.SMClockMaxMHz, 1980}, "memory clock": {st.MemClockMHz, 3201},
		"highest memory clock": {st.MemClockMaxMHz, 3201}, "bus": {st.MemBusBits, 6144}, "energy": {st.EnergyMillijoules, 1 << 40},
	} {
		if c.got != gpu.Of(c.want) {
			t.Errorf("%s: %+v, want %v", name, c.got, c.want)
		}
	}
	for name, c := range map[string]struct {
		got  gpu.Reading
		want float64
	}{
		"used": {st.MemUsedBytes, 2 << 30}, "total": {st.MemTotalBytes, 150 << 30},
		"power": {st.PowerMilliwatts, 412_000}, "limit": {st.PowerLimitMilliwatts, 700_000},
	} {
		if c.got != gpu.Of(c.want) {
			t.Errorf("%s: %+v, want %v", name, c.got, c.want)
		}
	}
	if want := []string{"software power cap", "hardware thermal slowdown"}; st.ThrottleErr != "" || !slices.Equal(st.Throttle, want) {
		t.Errorf("throttle %+v, want %v: being idle is no throttling", st.Throttle, want)
	}
}

// TestOldDriver has none of the optional functions: none of them is called,
// and what lacks is an error, not a zero.
func TestOldDriver(t *testing.T) {
	s := fullServer()
	d := s.Devices[1].(*dgxa100.Device)
	d.GetMemoryInfo_v2Func = func() (nvml.Memory_v2, nvml.Return) { panic("called") }
	d.GetEnforcedPowerLimitFunc = func() (uint32, nvml.Return) { panic("called") }
	d.GetCurrentClocksEventReasonsFunc = func() (uint64, nvml.Return) { panic("called") }
	d.GetCurrentClocksThrottleReasonsFunc = func() (uint64, nvml.Return) { panic("called") }
	d.GetTotalEnergyConsumptionFunc = func() (uint64, nvml.Return) { panic("called") }
	d.GetMemoryBusWidthFunc = func() (uint32, nvml.Return) { panic("called") }
	st := mustOpen(t, s, none).Read()
	if st.MemUsedBytes != gpu.Of[uint64](3<<30) {
		t.Errorf("memory %+v", st.MemUsedBytes)
	}
	if st.EnergyMillijoules.OK() || st.MemBusBits.OK() || st.PowerLimitMilliwatts.OK() || st.ThrottleErr == "" {
		t.Errorf("limit %+v, throttle %+v: want errors", st.PowerLimitMilliwatts, st.Throttle)
	}
	old := func(_ nvml.Interface, name string) bool { return strings.HasSuffix(name, "ThrottleReasons") }
	d.GetCurrentClocksThrottleReasonsFunc = func() (uint64, nvml.Return) { return nvml.ClocksThrottleReasonHwPowerBrakeSlowdown, nvml.SUCCESS }
	if st := mustOpen(t, s, old).Read(); !slices.Equal(st.Throttle, []string{"hardware power brake"}) {
		t.Errorf("throttle %+v", st.Throttle)
	}
}

// TestRefusedCallsAreMissing: what the driver refuses is missing, never zero.
func TestRefusedCallsAreMissing(t *testing.T) {
	s := fullServer()
	d := s.Devices[1].(*dgxa100.Device)
	d.GetUtilizationRatesFunc = func() (nvml.Utilization, nvml.Return) { return nvml.Utilization{}, nvml.ERROR_NOT_SUPPORTED }
	d.GetPowerUsageFunc = func() (uint32, nvml.Return) { return 0, nvml.ERROR_GPU_IS_LOST }
	d.GetMemoryInfo_v2Func = func() (nvml.Memory_v2, nvml.Return) { return nvml.Memory_v2{}, nvml.ERROR_NOT_SUPPORTED }
	d.GetMemoryInfoFunc = func() (nvml.Memory, nvml.Return) { return nvml.Memory{Used: 1 << 30}, nvml.SUCCESS } // unified: no total
	st := mustOpen(t, s, all).Read()
	if st.UtilPct.OK() || st.MemUtilPct.OK() || st.PowerMilliwatts.OK() || st.MemTotalBytes.OK() {
		t.Fatalf("%+v", st)
	}
	for _, ret := range []nvml.Return{nvml.ERROR_NOT_SUPPORTED, nvml.ERROR_GPU_IS_LOST} {
		if _, ok := errors.AsType[nvml.Return](refusal(ret)); ok {
			t.Errorf("%v asks the driver's library for its text", refusal(ret))
		}
	}
	if st.MemUsedBytes != gpu.Of[uint64](1<<30) || !st.TempC.OK() {
		t.Fatalf("%+v", st)
	}
}

// TestNothingIsCalledAfterAFailedInit: any other call would end the process.
func TestNothingIsCalledAfterAFailedInit(t *testing.T) {
	for ret, want := range map[nvml.Return]string{
		nvml.ERROR_LIBRARY_NOT_FOUND:       "libnvidia-ml.so.1 not found",
		nvml.ERROR_DRIVER_NOT_LOADED:       "not loaded",
		nvml.ERROR_NO_PERMISSION:           "no permission",
		nvml.ERROR_LIB_RM_VERSION_MISMATCH: "differ in version",
		nvml.ERROR_UNKNOWN:                 "code 999",
	} {
		s := &dgxa100.Server{} // every call but Init panics
		s.InitFunc = func() nvml.Return { return ret }
		_, err := open(s, 0, func(nvml.Interface, string) bool { panic("looked a symbol up") })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d: %v, want %q", ret, err, want)
		}
	}
}

func TestDeviceThatIsNotThere(t *testing.T) {
	for _, index := range []int{8, -1} {
		s := fullServer()
		closed := false
		s.ShutdownFunc = func() nvml.Return { closed = true; return nvml.SUCCESS }
		_, err := open(s, index, all)
		if err == nil || !strings.Contains(err.Error(), "the driver shows 8") || !closed {
			t.Errorf("%d: %v, closed %v", index, err, closed)
		}
	}
}

// TestThisMachine opens the real driver: it reads, or says why not.
func TestThisMachine(t *testing.T) {
	src, err := Open(0)
	if err != nil {
		if err.Error() == "" {
			t.Fatal("no reason")
		}
		t.Logf("no GPU to read here, and said so: %v", err)
		return
	}
	defer src.Close()
	st := src.Read()
	if st.Name == "" || st.Driver == "" || st.Count < 1 {
		t.Fatalf("%+v", st)
	}
	t.Logf("%+v", st)
}

func TestTheDeviceThatCUDASees(t *testing.T) {
	lib := fullServer()
	uuids := make([]string, len(lib.Devices))
	for i, dev := range lib.Devices {
		uuids[i], _ = dev.GetUUID()
	}
	for _, c := range []struct {
		visible string
		index   int
		want    int    // the driver's number
		err     string // or a part of the refusal
	}{
		{"1", 0, 1, ""}, {"3, 2", 0, 3, ""}, {"3,2", 1, 2, ""}, {uuids[5], 0, 5, ""}, {uuids[6][:12], 0, 6, ""},
		{"", 1, 1, ""}, {"-1", 0, 0, ""}, {"2,99,4", 1, 0, "there is no GPU 1"}, {"2,word", 0, 2, ""}, {"MIG-1234", 0, 0, "slice of a GPU"},
	} {
		t.Setenv("CUDA_VISIBLE_DEVICES", c.visible)
		src, err := open(lib, c.index, all)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q %d: %v", c.visible, c.index, err)
			}
			continue
		}
		if err != nil || src.Read().Index != c.want {
			t.Errorf("%q %d: %v, want device %d", c.visible, c.index, err, c.want)
		}
	}
}
