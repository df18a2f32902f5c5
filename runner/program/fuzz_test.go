package program

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/runner/protocol"
)

// FuzzHook takes lines that a hooked process writes: what is passed on is of the
// protocol, whatever they hold.
func FuzzHook(f *testing.F) {
	f.Add(`{"t":"process","pid":7,"rank":0}
{"t":"callable","id":1,"name":"f","backend":"inductor","limit":8}
{"t":"shape","id":1,"text":"1x8"}
{"t":"calls","rows":[[1,1,1,1,100,50,-1,0,0,0,0,0],[1,1,0,2,200,50,5,0]]}
{"t":"event","kind":"recompile","call":3,"callable":1,"shape":1,"lane":1,"t_ns":5,"dur_ns":2,"reason":"size"}
{"t":"exited","code":1}`)
	f.Add(`{"t":"calls","rows":[[-9223372036854775808,-1,-1,-1,-1,-1,-1,-1]]}
{"t":"event","lane":-1,"call":18446744073709551615}`)
	f.Fuzz(func(t *testing.T, lines string) {
		var out bytes.Buffer
		o := &observer{out: protocol.NewWriter(&out), ended: make(chan string, 1)}
		p := newProc(o)
		for line := range strings.Lines(lines) {
			p.take([]byte(line))
		}
		o.counters()
		o.compare(true)
		for r := protocol.NewReader(&out); ; {
			if _, err := r.Next(); err != nil {
				if err.Error() != "EOF" {
					t.Errorf("%q makes a line that is none of the protocol: %v", lines, err)
				}
				return
			}
		}
	})
}
