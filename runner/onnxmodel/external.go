package onnxmodel

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ExternalFile is a file beside the model that holds weights.
type ExternalFile struct {
	Name  string `json:"name"`            // relative to the model's folder
	Bytes int64  `json:"bytes"`           // size on disk; 0 when it is missing
	Needs int64  `json:"needs"`           // bytes that the model refers to
	Error string `json:"error,omitempty"` // a sentence: missing, too short, outside of the folder
}

// ExternalError says that weights outside of the model file are not there.
type ExternalError struct{ Model, Reason string }

func (e *ExternalError) Error() string { return fmt.Sprintf("model %s: %s", e.Model, e.Reason) }

// externalFiles lists the files that the tensors of m refer to, checked; the error
// is what is wrong with one.
func (m *model) externalFiles() (files []ExternalFile, err error) {
	byName := map[string]*ExternalFile{}
	m.graph.tensors(func(t *tensor) {
		if !t.extern {
			return
		}
		loc := t.external["location"]
		x := byName[loc]
		if x == nil {
			x = &ExternalFile{Name: loc}
			byName[loc] = x
			m.statExternal(x, t.name)
		}
		m.checkExternal(x, t)
	})
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		x := byName[name]
		files = append(files, *x)
		if x.Error != "" && err == nil {
			err = &ExternalError{Model: m.path, Reason: x.Error}
		}
	}
	return files, err
}

// tensors calls fn for every tensor of g and its subgraphs.
func (g *graph) tensors(fn func(*tensor)) {
	for i := range g.inits {
		fn(&g.inits[i])
	}
	for i := range g.nodes {
		for j := range g.nodes[i].consts {
			fn(&g.nodes[i].consts[j])
		}
		for _, s := range g.nodes[i].sub {
			s.tensors(fn)
		}
	}
}

// locations are the external files that the tensors of g refer to.
func (g *graph) locations() map[string]bool {
	out := map[string]bool{}
	g.tensors(func(t *tensor) {
		if t.extern {
			out[t.external["location"]] = true
		}
	})
	return out
}

func (m *model) statExternal(x *ExternalFile, tensor string) {
	if x.Name == "" {
		x.Error = fmt.Sprintf("weight %q is kept outside of the file, but it does not say where", tensor)
		return
	}
	if !filepath.IsLocal(x.Name) {
		x.Error = fmt.Sprintf("weight %q refers to %q, which is outside of the model's folder", tensor, x.Name)
		return
	}
	st, err := os.Stat(filepath.Join(filepath.Dir(m.path), x.Name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		x.Error = fmt.Sprintf("its weights file %q is missing from the model's folder", x.Name)
	case err != nil:
		x.Error = fmt.Sprintf("its weights file %q cannot be read: %v", x.Name, err)
	case !st.Mode().IsRegular():
		x.Error = fmt.Sprintf("its weights file %q is not a regular file", x.Name)
	default:
		x.Bytes = st.Size()
	}
}

// checkExternal sees that tensor t lies inside its file.
func (m *model) checkExternal(x *ExternalFile, t *tensor) {
	n := t.elements()
	want := (n*elemBits[t.dtype] + 7) / 8
	off, err1 := number(t.external["offset"], 0)
	length, err2 := number(t.external["length"], want)
	bad := ""
	switch {
	case n < 0 || n > 1<<50:
		bad = fmt.Sprintf("weight %q has impossible dimensions %v", t.name, t.dims)
	case err1 != nil || err2 != nil || off < 0 || length < 0 || off > 1<<60 || length > 1<<60:
		bad = fmt.Sprintf("weight %q has an impossible place in %q", t.name, x.Name)
	case elemBits[t.dtype] != 0 && length < want:
		bad = fmt.Sprintf("weight %q needs %d bytes, its entry for %q has %d", t.name, want, x.Name, length)
	default:
		x.Needs = max(x.Needs, off+length)
		if x.Error == "" && off+length > x.Bytes {
			bad = fmt.Sprintf("its weights file %q is cut short: %d bytes, but weight %q ends at %d", x.Name, x.Bytes, t.name, off+length)
		}
	}
	if x.Error == "" {
		x.Error = bad
	}
}

func number(s string, missing int64) (int64, error) {
	if s == "" {
		return missing, nil
	}
	return strconv.ParseInt(strings.TrimSpace(s), 10, 64)
}
