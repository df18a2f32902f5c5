// Package demand is how tests say what they need: a part of the machine (an
// interpreter, PyTorch, a Vulkan device …) or time. Where it is missing they
// skip with a reason, so that a fresh machine without root passes; where
// TAILSCOPE_DEMAND names the part, they fail. .ci/run names what it installs, so
// that a skip there cannot hide that nothing was tested.
//
// In: the variables TAILSCOPE_DEMAND (parts, separated by commas) and
// TAILSCOPE_SLOW. Out: a skip or a failure of the test. All of it is demand.go.
package demand
