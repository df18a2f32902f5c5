package onnxmodel

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/tailscope/tailscope/runner/sys"
)

// Files of Optimum's layouts, in the order in which a folder is searched.
// Optimum itself prefers the merged decoder over the pair.
var layoutFiles = []string{"model.onnx", "decoder_model_merged.onnx", "decoder_model.onnx"}

// Resolve turns what the user named into the path of an ONNX file: builtin:NAME
// (built if it is not there), a file, or a folder with a known layout (also
// in its subfolder "onnx", as the Hugging Face hub keeps them).
func Resolve(model string) (string, error) {
	if name, ok := strings.CutPrefix(model, "builtin:"); ok {
		return EnsureBuiltin(name)
	}
	st, err := os.Stat(model)
	if errors.Is(err, fs.ErrNotExist) {
		if b, berr := findBuiltin(model); berr == nil {
			return "", fmt.Errorf("no model file %q; the built-in one is builtin:%s", model, b.Name)
		}
		return "", fmt.Errorf("no model file or folder %q; built-in ones are named builtin:NAME", model)
	}
	if err != nil {
		return "", err
	}
	if !st.IsDir() {
		return filepath.Abs(model)
	}
	return resolveDir(model)
}

func resolveDir(dir string) (string, error) {
	for _, sub := range []string{dir, filepath.Join(dir, "onnx")} {
		for _, name := range layoutFiles {
			p := filepath.Join(sub, name)
			if st, err := os.Stat(p); err == nil && st.Mode().IsRegular() {
				return filepath.Abs(p)
			}
		}
	}
	found, _ := filepath.Glob(filepath.Join(sys.EscapeGlob(dir), "*.onnx"))
	sort.Strings(found)
	switch len(found) {
	case 0:
		return "", fmt.Errorf("folder %q holds no .onnx file", dir)
	case 1:
		return filepath.Abs(found[0])
	}
	var names []string
	for _, f := range found {
		names = append(names, filepath.Base(f))
	}
	return "", fmt.Errorf("folder %q holds several models (%s); name one", dir, strings.Join(names, ", "))
}
