// Package recorded reads inputs that somebody recorded: NumPy's .npy and .npz,
// and the folders test_data_set_* of ONNX's own tests. Paths flow in, arrays
// of raw little-endian elements flow out; nothing is converted. Bounds hold
// whatever a file claims. Begin with Sets in sets.go; Array is what is read.
package recorded
