package journal

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// Kind names what a Record holds.
type Kind byte

// The kinds of record. Their values are written into journals.
const (
	KindSample    Kind = 'S'
	KindEvent     Kind = 'E'
	KindTelemetry Kind = 'G'
	KindEvidence  Kind = 'V'
	KindCounters  Kind = 'C'
	KindLoaded    Kind = 'L'
	KindEnd       Kind = 'X'
	KindAt        Kind = 'P' // internal: how many samples of a segment came before what follows
)

// Record is one entry of a session in the order it was taken in. The field
// that belongs to Kind is set. A Record that a reader hands out is valid until
// the next one: copy what is kept.
type Record struct {
	Kind      Kind
	Sample    stats.Sample
	Steps     []int64 // decode: time of each step, ns
	KV        []int32 // decode: cache length after each step
	Event     stats.Event
	Telemetry gpu.State
	Evidence  protocol.Evidence
	Counters  protocol.Counters
	Loaded    protocol.Loaded
	End       EndRecord
	at        uint64
}

// EndRecord is what Finish leaves in the journal, so that a crash while the
// folder is being finished loses nothing.
type EndRecord struct {
	Reason      string `json:"reason"`
	Error       string `json:"error,omitempty"`
	TNs         int64  `json:"t_ns"`
	UnixNs      int64  `json:"unix_ns"`
	DroppedView uint64 `json:"dropped_views"`
}

// decodeJSON fills the field of r that belongs to kind.
func (r *Record) decodeJSON(kind Kind, b []byte) error {
	r.Kind = kind
	v := r.Value()
	if v == nil {
		return fmt.Errorf("journal record of unknown kind %q", byte(kind))
	}
	reflect.ValueOf(v).Elem().SetZero()
	return json.Unmarshal(b, v)
}

// Value is the field that belongs to r's kind, nil for a sample.
func (r *Record) Value() any {
	switch r.Kind {
	case KindEvent:
		return &r.Event
	case KindTelemetry:
		return &r.Telemetry
	case KindEvidence:
		return &r.Evidence
	case KindCounters:
		return &r.Counters
	case KindLoaded:
		return &r.Loaded
	case KindEnd:
		return &r.End
	case KindAt:
		return &r.at
	}
	return nil
}
