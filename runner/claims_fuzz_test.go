package runner

import (
	"reflect"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/runner/protocol"
)

// FuzzClaims bounds what a worker says of itself: hello, loaded, counters and
// evidence.
func FuzzClaims(f *testing.F) {
	f.Add([]byte(`{"t":"hello","protocol":1,"engine":"x","lacks":{"a":"b"},"credit":4}`))
	f.Add([]byte(`{"t":"loaded","model":{"name":"m","dims":["a"],"dim_values":{"a":[1,-2]}},"roof":{"read":[{"bytes":-1}]},"versions":{"a":"b"}}`))
	f.Add([]byte(`{"t":"counters","groups":[{"compiles":-1}],"checks":{"n":1,"failed":2,"modes":{"x":{"n":-1}}},"engine":{"a":[1]}}`))
	f.Add([]byte(`{"t":"evidence","compile_ns":-1,"fused":{"a":-1},"extra":{"a":null}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		msg, err := protocol.Decode(line)
		if err != nil {
			return
		}
		switch m := msg.(type) {
		case *protocol.Hello, *protocol.Loaded, *protocol.Counters, *protocol.Evidence:
			cannotBe(m)
			clipTexts(reflect.ValueOf(m))
			if h, ok := m.(*protocol.Hello); ok && len(strings.ToValidUTF8(h.Engine, "")) > maxReason+64 {
				t.Errorf("a name of %d bytes", len(h.Engine))
			}
		}
	})
}
