package rows

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"

	fast "github.com/segmentio/encoding/json"
)

// asRecords reads documents of no known format as rows of a table: objects, one
// a line, or a list of them, whose keys are the columns. It is a format for one
// file, as the first record's keys are its header; nil if none of them says
// latency.
func asRecords(in *Input, d *Doc) *Format {
	header := recordKeys(d.Raw)
	t := &columnReader{in: in, spec: AsTable.Table}
	if len(header) == 0 {
		return nil
	}
	f := AsTable
	f.Name = "JSON records"
	in.Format = &f
	if c := in.O.Columns["latency"]; c != "" && !slices.Contains(header, c) || c == "" && !t.saysLatency(header) {
		return nil
	}
	bound := t.bind(header)
	f.ReadDoc = func(in *Input, d *Doc) error {
		if bound != nil {
			return in.Errorf(d.Line, "%w", bound)
		}
		if !d.List() {
			t.line = d.Line
			return t.record(d.Raw)
		}
		dec := json.NewDecoder(bytes.NewReader(d.Raw))
		_, _ = dec.Token() // the bracket that was seen
		for t.line = d.Line; dec.More(); t.line++ {
			var raw json.RawMessage
			if err := dec.Decode(&raw); err != nil {
				return in.Errorf(t.line, "%w", err)
			}
			if err := t.record(raw); err != nil {
				return err
			}
		}
		return nil
	}
	t.fields = make([][]byte, len(header))
	return &f
}

// record reads one object as a row.
func (t *columnReader) record(raw json.RawMessage) error {
	clear(t.values)
	if fast.Unmarshal(raw, &t.values) != nil {
		if err := json.Unmarshal(raw, &t.values); err != nil {
			return t.in.Errorf(t.line, "a record is no object: %w", err)
		}
	}
	for i, h := range t.header {
		t.fields[i] = append(t.fields[i][:0], TextOf(t.values[h])...)
	}
	if err := t.take(t.fields); errors.Is(err, errYield) {
		return errors.Unwrap(err)
	} else if err != nil {
		return t.in.Errorf(t.line, "%w", err)
	}
	return nil
}

// saysLatency tells whether a column's name says that it is a latency.
func (t *columnReader) saysLatency(header []string) bool {
	return slices.ContainsFunc(header, func(h string) bool { return slices.Contains(latencyNames, baseName(h)) })
}

// recordKeys are the keys of an object, or of the first of a list, in order.
func recordKeys(raw json.RawMessage) (keys []string) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	t, err := dec.Token()
	if t == json.Delim('[') && err == nil {
		t, err = dec.Token()
	}
	if t != json.Delim('{') || err != nil {
		return nil
	}
	for dec.More() && len(keys) < 4096 {
		k, err := dec.Token()
		name, ok := k.(string)
		var skip json.RawMessage
		if err != nil || !ok || dec.Decode(&skip) != nil && !errors.Is(err, io.EOF) {
			return nil
		}
		keys = append(keys, name)
	}
	return keys
}
