package journal

import (
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"

	"github.com/tailscope/tailscope/stats"
)

// columnCursor is where a columnReader stands in one column, and its batch.
type columnCursor struct {
	name  string
	place int // of the column in the file; -1: an earlier version wrote it, without this column
	text  bool
	ints  *[batchRows]int64
	texts *[batchRows]string
	dict  []string
	pages parquet.Pages
	page  parquet.Page
	at    int // value of the page
	defs  []byte
	row   int // row of the page
}

func (k *columnCursor) fillAbsent() {
	for i := range k.ints {
		k.ints[i] = stats.Absent
	}
}

func (k *columnCursor) begin(pages parquet.Pages) {
	k.release()
	if k.pages != nil {
		_ = k.pages.Close() // opened for reading
	}
	k.pages, k.dict = pages, nil
}

func (k *columnCursor) release() {
	if k.page != nil {
		parquet.Release(k.page)
	}
	k.page, k.defs, k.at, k.row = nil, nil, 0, 0
}

// fill decodes the next n rows of the column.
func (k *columnCursor) fill(n int, intern func([]byte) string) error {
	for done := 0; done < n; {
		if k.page == nil || k.row == int(k.page.NumRows()) {
			if err := k.turn(intern); err != nil {
				return err
			}
			continue
		}
		m := min(n-done, int(k.page.NumRows())-k.row)
		var used int
		if k.text {
			used = k.takeTexts(k.texts[done:done+m], intern)
		} else {
			used = k.takeInts(k.ints[done : done+m])
		}
		k.at += used
		k.row += m
		done += m
	}
	return nil
}

// turn goes to the next page.
func (k *columnCursor) turn(intern func([]byte) string) error {
	k.release()
	page, err := k.pages.ReadPage()
	if errors.Is(err, io.EOF) {
		return errors.New("it has fewer rows than others")
	}
	if err != nil {
		return err
	}
	k.page, k.defs = page, page.DefinitionLevels()
	if d := page.Dictionary(); d != nil && k.dict == nil {
		k.dict = make([]string, d.Len())
		for i := range k.dict {
			k.dict[i] = intern(d.Index(int32(i)).ByteArray())
		}
	}
	return nil
}

func (k *columnCursor) takeTexts(out []string, intern func([]byte) string) (used int) {
	v := k.page.Data()
	if k.dict != nil && k.page.Dictionary() != nil {
		for i, id := range v.Int32()[k.at : k.at+len(out)] {
			out[i] = k.dict[id]
		}
		return len(out)
	}
	data, offsets := v.ByteArray()
	for i := range out {
		out[i] = intern(data[offsets[k.at+i]:offsets[k.at+i+1]])
	}
	return len(out)
}

func (k *columnCursor) takeInts(out []int64) (used int) {
	v := k.page.Data()
	switch v.Kind() {
	case encoding.Boolean:
		bits := v.Boolean()
		for i := range out {
			out[i] = int64(bits[(k.at+i)/8] >> ((k.at + i) % 8) & 1)
		}
		return len(out)
	case encoding.Int32:
		for i, x := range v.Int32()[k.at : k.at+len(out)] {
			out[i] = int64(x)
		}
		return len(out)
	}
	values := v.Int64()[k.at:]
	if k.defs == nil {
		copy(out, values[:len(out)])
		return len(out)
	}
	for i, d := range k.defs[k.row : k.row+len(out)] {
		if d == 0 {
			out[i] = stats.Absent
			continue
		}
		out[i] = values[used]
		used++
	}
	return used
}
