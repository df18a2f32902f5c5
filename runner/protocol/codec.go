package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// Unknown is a well-formed message of a type that this version does not know.
// Receivers note it and go on: a later version may add types.
type Unknown struct {
	T   string
	Raw json.RawMessage // the whole line
}

// messages maps the value of "t" to a constructor of its type.
var messages = map[string]func() any{
	"load":    func() any { return new(Load) },
	"req":     func() any { return new(Request) },
	"set":     func() any { return new(Set) },
	"flush":   func() any { return new(Flush) },
	"clear":   func() any { return new(Clear) },
	"profile": func() any { return new(Profile) },
	"stop":    func() any { return new(Stop) },

	"hello":    func() any { return new(Hello) },
	"loaded":   func() any { return new(Loaded) },
	"batch":    func() any { return new(Batch) },
	"event":    func() any { return new(Event) },
	"counters": func() any { return new(Counters) },
	"evidence": func() any { return new(Evidence) },
	"work":     func() any { return new(Work) },
	"flushed":  func() any { return new(Flushed) },
	"cleared":  func() any { return new(Cleared) },
	"profiled": func() any { return new(Profiled) },
	"error":    func() any { return new(Error) },
	"bye":      func() any { return new(Bye) },
}

// names is messages turned round: the struct type to its value of "t".
var names = func() map[reflect.Type]string {
	m := make(map[reflect.Type]string, len(messages))
	for name, make := range messages {
		m[reflect.TypeOf(make()).Elem()] = name
	}
	return m
}()

// isBatch tells from its first key whether a line is a batch, however it is
// spaced: Python's json.dumps puts a space behind each colon.
func isBatch(line []byte) bool { return begins(line, `"batch"`) }

// begins reports whether the first key of a line is "t", of this value.
func begins(line []byte, quoted string) bool {
	for _, token := range [...]string{"{", `"t"`, ":", quoted} {
		line = bytes.TrimLeft(line, " \t")
		rest, ok := bytes.CutPrefix(line, []byte(token))
		if !ok {
			return false
		}
		line = rest
	}
	return true
}

// Decode reads one line (with or without its newline) of either direction and
// returns a pointer to the message, or *Unknown for a type it does not know.
// Columns of a Batch are checked to have one length, requests to have mode and
// order.
func Decode(line []byte) (any, error) {
	line = bytes.TrimSpace(line)
	if isBatch(line) {
		if b := parseBatch(line); b != nil {
			return b, b.Check()
		}
	}
	if c := parseCounters(line); c != nil {
		return c, nil
	}
	var head struct {
		T *string `json:"t"`
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return nil, explain(err)
	}
	if head.T == nil || *head.T == "" {
		return nil, errors.New(`no message type: key "t" is missing`)
	}
	make, ok := messages[*head.T]
	if !ok {
		return &Unknown{T: *head.T, Raw: bytes.Clone(line)}, nil
	}
	msg := make()
	if err := json.Unmarshal(line, msg); err != nil {
		return nil, fmt.Errorf("message %q: %w", *head.T, explain(err))
	}
	switch m := msg.(type) {
	case *Batch:
		if err := m.readFurther(line); err != nil {
			return nil, fmt.Errorf("message %q: %w", *head.T, explain(err))
		}
		return m, m.Check()
	case *Request:
		return m, m.check()
	}
	return msg, nil
}

// check reports keys without which a request could never be answered.
func (r *Request) check() error {
	switch {
	case len(r.Order) == 0:
		return errors.New(`message "req": key "order" is missing or empty`)
	case r.Mode == "":
		return errors.New(`message "req": key "mode" is missing`)
	}
	return nil
}

// explain words an error of encoding/json for someone who writes an engine.
func explain(err error) error {
	var typ *json.UnmarshalTypeError
	if errors.As(err, &typ) && typ.Field != "" {
		return fmt.Errorf("key %q: got %.64s, want %s", typ.Field, typ.Value, typ.Type)
	}
	if errors.As(err, &typ) {
		return fmt.Errorf("got %s, want a JSON object", typ.Value)
	}
	var syn *json.SyntaxError
	if errors.As(err, &syn) {
		return fmt.Errorf("not JSON at byte %d: %w", syn.Offset, err)
	}
	return err
}

// appendMessage appends msg as one line with its "t" filled in. msg is a
// message or a pointer to one and is not changed.
func appendMessage(dst []byte, msg any) ([]byte, error) {
	if r, ok := msg.(*Request); ok && r != nil {
		return append(appendRequest(dst, r), '\n'), nil
	}
	v := reflect.Indirect(reflect.ValueOf(msg))
	if !v.IsValid() {
		return dst, fmt.Errorf("send %T: nil message", msg)
	}
	name, ok := names[v.Type()]
	if !ok {
		return dst, fmt.Errorf("send %T: not a message of this protocol", msg)
	}
	if b, ok := v.Interface().(Batch); ok {
		if err := b.Check(); err != nil {
			return dst, err
		}
		return append(appendBatch(dst, &b), '\n'), nil
	}
	tagged := reflect.New(v.Type())
	tagged.Elem().Set(v)
	tagged.Elem().FieldByName("T").SetString(name)
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(tagged.Interface()); err != nil {
		return dst, fmt.Errorf("send %q: %w", name, err)
	}
	return append(dst, line.Bytes()...), nil
}
