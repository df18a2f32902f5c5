// Package nvml reads an NVIDIA GPU through its driver's management library.
// It is the only place where tailscope calls NVML: a call after a failed Init
// ends the process, so everything here is gated on Init.
package nvml
