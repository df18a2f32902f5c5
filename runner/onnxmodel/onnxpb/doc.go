// Package onnxpb holds the Go types of the ONNX intermediate representation,
// generated from onnx-ml.proto of ONNX 1.12 (copyright ONNX Project
// Contributors, SPDX-License-Identifier: Apache-2.0), which lies beside this
// file. Fields that newer releases added survive a read and a write.
// Begin in onnx-ml.pb.go.
package onnxpb

//go:generate protoc -I. --go_out=. --go_opt=paths=source_relative --go_opt=Monnx-ml.proto=tailscope/runner/onnxmodel/onnxpb onnx-ml.proto
