// Package gpu reads telemetry of one GPU behind a narrow interface. A sampler
// polls a Source about once a second, cheap calls only, measures what each
// poll costs and polls less often when it costs much: a monitor must not make
// the tail it shows. The NVML adapter is gpu/nvml; this package has no cgo.
//
// In: a Source. Out: a State a poll on a channel. A reading is a value or an
// error, never a zero that stands for nothing. Values are averages over the
// driver's window (1/6 to 1 s for utilisation), not instants. Begin in gpu.go.
package gpu
