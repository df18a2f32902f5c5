// Package machine holds the commands about what is here: doctor, which tries
// it, setup, which gets ONNX Runtime, and model, which builds and reads models.
// ort_cgo.go and ort_none.go are the one door to the ort engine, with and
// without cgo. Arguments flow in, text or JSON flows out. Begin with doctor.go.
package machine
