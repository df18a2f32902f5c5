package runner

import (
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// What an engine says of itself (counters, evidence, how many samples it sent)
// is believed where it can be: a claim that cannot be is told once and left out.

// maxClaim bounds a count of anything: what JSON's readers keep exactly.
const maxClaim = 1 << 53

// cannotBe names the first number of a message that is negative or absurd, and
// its value; "" where all can be. What the engine says in its own words (values
// of type any) is not looked at.
func cannotBe(msg any) string {
	if c, ok := msg.(*protocol.Counters); ok && c.Checks.Failed > c.Checks.N {
		return fmt.Sprintf("checks.failed is %d of %d", c.Checks.Failed, c.Checks.N)
	}
	return badNumber(reflect.ValueOf(msg), "")
}

func badNumber(v reflect.Value, name string) string {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return badNumber(v.Elem(), name)
		}
	case reflect.Int, reflect.Int64:
		if n := v.Int(); n < 0 || n > maxClaim {
			return fmt.Sprintf("%s is %d", name, n)
		}
	case reflect.Float64:
		if x := v.Float(); !(x >= 0) || math.IsInf(x, 0) {
			return fmt.Sprintf("%s is %v", name, x)
		}
	case reflect.Slice:
		for i := range v.Len() {
			if why := badNumber(v.Index(i), fmt.Sprintf("%s[%d]", name, i)); why != "" {
				return why
			}
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			if why := badNumber(v.MapIndex(k), name+"."+clip(k.String(), maxName)); why != "" {
				return why
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			key, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			if why := badNumber(v.Field(i), strings.TrimPrefix(name+"."+key, ".")); why != "" {
				return why
			}
		}
	}
	return ""
}

// clipTexts cuts every text of a message to what a reason may be: a name of
// megabytes would be drawn and written again and again.
func clipTexts(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			clipTexts(v.Elem())
		}
	case reflect.String:
		if v.Len() > maxReason {
			v.SetString(clip(v.String(), maxReason))
		}
	case reflect.Slice:
		for i := range v.Len() {
			clipTexts(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			clipTexts(v.Field(i))
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			if text := v.MapIndex(k); text.Kind() == reflect.String && text.Len()+k.Len() > maxReason {
				v.SetMapIndex(k, reflect.Value{})
				v.SetMapIndex(reflect.ValueOf(clip(k.String(), maxName)), reflect.ValueOf(clip(text.String(), maxReason)))
			}
		}
	}
}

// unbelieved tells of a claim that cannot be; a second one of the same worker is
// counted only.
func (s *Session) unbelieved(what, why string) {
	if s.eng.unbelieved++; s.eng.unbelieved > 1 {
		return
	}
	why = fmt.Sprintf("what the engine says cannot be and is left out: %s: %s", what, why)
	s.rec.event(stats.Event{Kind: stats.KindError, Reason: why})
	s.pub.notice("warn", why)
}

// takeBye holds the last word of a worker against the samples that came.
func (s *Session) takeBye(m *protocol.Bye) {
	if m.Samples != s.eng.rows {
		why := fmt.Sprintf("the engine says that it sent %d samples, and %d arrived", m.Samples, s.eng.rows)
		s.rec.event(stats.Event{Kind: stats.KindError, Reason: why})
		s.pub.notice("warn", why)
	}
}
