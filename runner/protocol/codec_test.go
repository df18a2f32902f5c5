package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tailscope/tailscope/internal/must"
)

// plain decodes a batch by encoding/json alone: the reference of parseBatch.
func plain(line []byte) (*Batch, error) {
	var b Batch
	err := errors.Join(json.Unmarshal(line, &b), b.readFurther(line))
	return &b, err
}

func sampleBatch(n int) *Batch {
	b := &Batch{T: "batch", Lane: "optimized", Mode: "kv_decode", Strategy: "prefill=padded,decode=eager",
		Shape: "1x64", Backend: "ort-cpu-compiled"}
	for i := range n {
		t := int64(i)
		b.Request = append(b.Request, uint64(1000+i))
		b.Order = append(b.Order, i%2)
		b.StartNs = append(b.StartNs, 84_000_000_000_000+t*1_000_003)
		b.WallNs = append(b.WallNs, 812_345+t*17)
		b.DeviceNs = append(b.DeviceNs, -1)
		b.CompileNs = append(b.CompileNs, 0)
		b.ExecutedTokens = append(b.ExecutedTokens, 64)
		b.KVTokens = append(b.KVTokens, 128)
		b.RunDelayNs = append(b.RunDelayNs, 4_000+t)
		b.MinFlt = append(b.MinFlt, t%3)
		b.MajFlt = append(b.MajFlt, 0)
		b.NIvCSw = append(b.NIvCSw, t%5)
	}
	return b
}

// filled returns a message of the type with every field set to something.
func filled(typ reflect.Type) reflect.Value {
	v := reflect.New(typ).Elem()
	switch typ.Kind() {
	case reflect.Pointer:
		v.Set(filled(typ.Elem()).Addr())
	case reflect.Struct:
		for i := range typ.NumField() {
			if typ.Field(i).Tag.Get("json") != "-" {
				v.Field(i).Set(filled(typ.Field(i).Type))
			}
		}
	case reflect.Slice:
		v.Set(reflect.Append(v, filled(typ.Elem())))
	case reflect.Array:
		for i := range typ.Len() {
			v.Index(i).Set(filled(typ.Elem()))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(typ))
		v.SetMapIndex(filled(typ.Key()), filled(typ.Elem()))
	case reflect.String:
		v.SetString("tokens 61 → 74: <no> executable & \"none\"")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint64:
		v.SetUint(7)
	case reflect.Float64:
		v.SetFloat(0.5)
	case reflect.Interface:
		v.Set(reflect.ValueOf("seven"))
	default:
		panic("filled: " + typ.String())
	}
	return v
}

func TestEveryMessageSurvivesTheWire(t *testing.T) {
	for typ, name := range names {
		want := filled(typ).Addr().Interface()
		line, err := appendMessage(nil, want)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !strings.HasPrefix(string(line), `{"t":"`+name+`"`) || line[len(line)-1] != '\n' {
			t.Errorf("%s: line %.60q does not start with its type or end with a newline", name, line)
		}
		got, err := Decode(line)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, line)
		}
		reflect.ValueOf(want).Elem().FieldByName("T").SetString(name)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s changed on the wire:\n%s", name, diff)
		}
	}
}

func TestSendLeavesTheMessageAlone(t *testing.T) {
	m := Stop{}
	if _, err := appendMessage(nil, &m); err != nil || m.T != "" {
		t.Fatalf("T = %q, err %v; want an unchanged message", m.T, err)
	}
	if _, err := appendMessage(nil, struct{ A int }{}); err == nil {
		t.Error("a foreign type was sent")
	}
	if _, err := appendMessage(nil, (*Stop)(nil)); err == nil {
		t.Error("a nil message was sent")
	}
	if _, err := appendMessage(nil, nil); err == nil {
		t.Error("nil was sent")
	}
}

func TestDecodeRefusesInOneSentence(t *testing.T) {
	for line, want := range map[string]string{
		``:                              "not JSON",
		`{`:                             "not JSON",
		`[1]`:                           "want a JSON object",
		`"req"`:                         "want a JSON object",
		`null`:                          `"t" is missing`,
		`{"id":1}`:                      `"t" is missing`,
		`{"t":7}`:                       `key "t": got number`,
		`{"t":"req","id":"one"}`:        `message "req": key "id": got string`,
		`{"t":"req","id":-1}`:           `key "id": got number -1`,
		`{"t":"req","id":4}`:            `key "order" is missing`,
		`{"t":"req","order":["eager"]}`: `key "mode" is missing`,
		`{"t":"req","exec":[1.5,2]}`:    `key "exec"`,
		`{"t":"stop"} {"t":"stop"}`:     "not JSON",
		`{"t":"hello","clock_ns":NaN}`:  "not JSON",
		`{"t":"batch","request":[1,2],"order":[0],"start_ns":[1,2],"wall_ns":[1,2]}`:                    `column "order" has 1 entries, request has 2`,
		`{"t":"batch","request":[1],"order":[0],"start_ns":[1],"wall_ns":[2],"device_ns":[1,2]}`:        `column "device_ns" has 2`,
		`{"t": "batch","request":[1],"order":[0],"start_ns":[1]}`:                                       `column "wall_ns" has 0`,
		`{"t":"batch","request":[1],"order":[0],"start_ns":[1],"wall_ns":[2.5]}`:                        `key "wall_ns": got number 2.5`,
		`{"t":"batch","request":[1],"order":[0],"start_ns":[1],"wall_ns":[99999999999999999999999999]}`: `key "wall_ns"`,
	} {
		msg, err := Decode([]byte(line))
		if err == nil {
			t.Errorf("Decode(%s) = %+v, want an error", line, msg)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("Decode(%s): %q, want it to contain %q", line, err, want)
		}
	}
}

func TestUnknownTypesAndKeysPass(t *testing.T) {
	msg, err := Decode([]byte(`{"t":"weather","sun":true}` + "\r\n"))
	u, ok := msg.(*Unknown)
	if err != nil || !ok || u.T != "weather" || string(u.Raw) != `{"t":"weather","sun":true}` {
		t.Fatalf("got %+v, %v", msg, err)
	}
	msg, err = Decode([]byte(`{"t":"batch","lane":"eager","request":[],"order":[],"start_ns":[],"wall_ns":[],"later":[1]}`))
	if b, ok := msg.(*Batch); err != nil || !ok || b.Lane != "eager" {
		t.Fatalf("a batch with a key of a later version: %+v, %v", msg, err)
	}
}

func TestFastPathIsTaken(t *testing.T) {
	for _, line := range []string{
		string(appendBatch(nil, sampleBatch(40))),
		`{"t":"batch", "lane": "eager", "mode":"prefill","strategy":"variable","shape":"1×8","backend":"x", "request": [1, 2], "order":[0,0],"start_ns":[1,-2],"wall_ns":[-0,0],"steps_ns":[[1,2],[]],"error":["","bad thing"]}`,
	} {
		got := parseBatch([]byte(line))
		want, err := plain([]byte(line))
		if err != nil || got == nil {
			t.Fatalf("fast path %v, encoding/json %v: %s", got, err, line)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestBatchRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 20).Draw(t, "n")
		i64 := rapid.SliceOfN(rapid.Int64(), n, n)
		nat := rapid.SliceOfN(rapid.IntRange(0, 1<<30), n, n)
		b := &Batch{T: "batch", Lane: rapid.String().Draw(t, "lane"), Backend: rapid.String().Draw(t, "backend"),
			Request: rapid.SliceOfN(rapid.Uint64(), n, n).Draw(t, "request"), Order: nat.Draw(t, "order"),
			StartNs: i64.Draw(t, "start"), WallNs: i64.Draw(t, "wall")}
		if n > 0 && rapid.Bool().Draw(t, "optional") {
			b.DeviceNs, b.KVTokens = i64.Draw(t, "device"), nat.Draw(t, "kv")
			b.StepsNs = rapid.SliceOfN(rapid.SliceOf(rapid.Int64()), n, n).Draw(t, "steps")
			b.Error = rapid.SliceOfN(rapid.String(), n, n).Draw(t, "error")
		}
		line := must.Get(appendMessage(nil, b))(t)
		got, err := Decode(line)
		if err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
		want, err := plain(line)
		if err != nil {
			t.Fatalf("encoding/json: %v\n%s", err, line)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		if !cmp.Equal(got.(*Batch).WallNs, b.WallNs) && n > 0 {
			t.Fatal("values changed")
		}
	})
}

// FuzzDecode checks that no line panics, that the fast path agrees with
// encoding/json where it answers at all, and that what decodes encodes again.
func FuzzDecode(f *testing.F) {
	f.Add(appendBatch(nil, sampleBatch(2)))
	for typ := range names {
		line := must.Get(appendMessage(nil, filled(typ).Interface()))(f)
		f.Add(line)
	}
	f.Add([]byte(`{"t":"batch","request":[01],"order":[1e3]}`))
	f.Add([]byte(`{"t":"batch","error":["a\u0000b"],"lane":"\xff","t":"req"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if got := parseBatch(line); got != nil {
			want, err := plain(line)
			if err != nil {
				t.Fatalf("fast path took what encoding/json refuses: %v", err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatal(diff)
			}
		}
		msg, err := Decode(line)
		if (msg == nil || reflect.ValueOf(msg).IsNil()) && err == nil {
			t.Fatal("neither message nor error")
		}
		var u *Unknown
		if u, _ = msg.(*Unknown); err != nil || u != nil {
			return
		}
		again, err := appendMessage(nil, msg)
		if err != nil {
			t.Fatalf("decoded but not encoded: %v", err)
		}
		if _, err := Decode(again); err != nil {
			t.Fatalf("encoded but not decoded: %v\n%s", err, again)
		}
	})
}

// Python's json.dumps puts a space behind colons and commas: such lines are
// as cheap as ours, whatever order their other keys have.
func TestSpacedBatchesTakeTheFastPath(t *testing.T) {
	for line, want := range map[string]bool{
		`{"t": "batch", "lane": "eager", "request": [1]}`: true,
		"{ \t\"t\" :\"batch\"}":                           true,
		`{"t":"batch"}`:                                   true,
		`{"t": "batches"}`:                                false,
		`{"lane": "t", "t": "batch"}`:                     false,
		`{"t"`:                                            false,
		``:                                                false,
	} {
		if got := isBatch([]byte(line)); got != want {
			t.Errorf("isBatch(%s) = %v", line, got)
		}
	}
	want := sampleBatch(3)
	compact := must.Get(appendMessage(nil, want))(t)
	var values map[string]any
	dec := json.NewDecoder(bytes.NewReader(compact))
	dec.UseNumber()
	must.OK(t, dec.Decode(&values))
	delete(values, "t")
	rest := must.Get(json.MarshalIndent(values, "", " "))(t)
	spaced := append([]byte(`{"t": "batch", `), rest[1:]...)
	got := must.Get(Decode(spaced))(t)
	first, _ := Decode(compact)
	if diff := cmp.Diff(first, got); diff != "" {
		t.Error(diff)
	}
}

var sink any

func BenchmarkDecodeBatch(b *testing.B) {
	line := appendBatch(nil, sampleBatch(100))
	b.SetBytes(int64(len(line)))
	run := func(name string, decode func() error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := decode(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*100/b.Elapsed().Seconds(), "samples/s")
		})
	}
	run("fast", func() (err error) { sink, err = Decode(line); return err })
	run("encoding-json", func() (err error) { sink, err = plain(line); return err })
	one := bytes.ReplaceAll(appendBatch(nil, sampleBatch(1)), []byte(`":`), []byte(`": `))
	b.Run("one spaced", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if sink, _ = Decode(one); sink == nil {
				b.Fatal("not decoded")
			}
		}
	})
}

func BenchmarkEncodeBatch(b *testing.B) {
	batch := sampleBatch(100)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = appendMessage(buf[:0], batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*100/b.Elapsed().Seconds(), "samples/s")
}

func TestExplainKeepsTheCause(t *testing.T) {
	_, err := Decode([]byte(`{"t":`))
	var syn *json.SyntaxError
	if !errors.As(err, &syn) {
		t.Fatalf("%v does not wrap a SyntaxError", err)
	}
}
