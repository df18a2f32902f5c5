package journal

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tailscope/tailscope/stats"
)

var (
	errTorn     = errors.New("journal record is cut short")
	errNoString = errors.New("journal sample names a string that is not defined")
)

// maxSteps bounds the decode steps of one request.
const maxSteps = 1 << 20

// frameDecoder reads the records of one payload.
type frameDecoder struct {
	b       []byte
	pred    predictor
	strings []string
	intern  map[string]string // over frames: a string is allocated once
}

func (d *frameDecoder) reset(payload []byte, firstSeq uint64) {
	d.b = payload
	d.strings = d.strings[:0]
	d.pred.reset(firstSeq)
	if d.intern == nil || len(d.intern) > 1<<16 {
		d.intern = map[string]string{}
	}
}

// next fills r with the next record; ok is false at the end of the frame.
func (d *frameDecoder) next(r *Record) (ok bool, err error) {
	for len(d.b) > 0 {
		typ := d.b[0]
		d.b = d.b[1:]
		switch typ {
		case 'D':
			s, err := d.bytes()
			if err != nil {
				return false, err
			}
			d.strings = append(d.strings, d.string(s))
		case byte(KindSample), 's':
			r.Kind = KindSample
			return true, d.sample(r, typ == 's')
		default:
			s, err := d.bytes()
			if err != nil {
				return false, err
			}
			return true, r.decodeJSON(Kind(typ), s)
		}
	}
	return false, nil
}

func (d *frameDecoder) string(b []byte) string {
	if s, ok := d.intern[string(b)]; ok {
		return s
	}
	s := string(b)
	d.intern[s] = s
	return s
}

func (d *frameDecoder) uvarint() (uint64, error) {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		return 0, errTorn
	}
	d.b = d.b[n:]
	return v, nil
}

func (d *frameDecoder) varint() (int64, error) {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		return 0, errTorn
	}
	d.b = d.b[n:]
	return v, nil
}

func (d *frameDecoder) bytes() ([]byte, error) {
	n, err := d.uvarint()
	if err != nil || n > uint64(len(d.b)) {
		return nil, errTorn
	}
	s := d.b[:n]
	d.b = d.b[n:]
	return s, nil
}

func (d *frameDecoder) sample(r *Record, withSteps bool) error {
	if len(d.b) < 5 {
		return errTorn
	}
	more := d.b[0]&hasFurther != 0
	lane, mode := stats.Lane(d.b[0]&1), stats.Mode(d.b[0]&^hasFurther>>1)
	if mode >= stats.NumModes {
		return fmt.Errorf("journal sample of unknown mode %d", mode)
	}
	mask := binary.LittleEndian.Uint32(d.b[1:])
	d.b = d.b[5:]
	f := d.pred.next(lane)
	for i := range f {
		if mask&(1<<i) == 0 {
			continue
		}
		v, n := binary.Varint(d.b)
		if n <= 0 {
			return errTorn
		}
		d.b = d.b[n:]
		f[i] += v
	}
	d.pred.took(f)
	if err := d.fill(&r.Sample, f, lane, mode); err != nil {
		return err
	}
	if err := d.further(&r.Sample, more); err != nil {
		return err
	}
	r.Steps, r.KV = r.Steps[:0], r.KV[:0]
	if !withSteps {
		return nil
	}
	var err error
	if r.Steps, err = deltas(d, r.Steps); err == nil {
		r.KV, err = deltas(d, r.KV)
	}
	return err
}

func (d *frameDecoder) fill(s *stats.Sample, f *fields, lane stats.Lane, mode stats.Mode) error {
	for _, i := range [...]int{fStrategy, fScenario, fBackend, fShape} {
		if uint64(f[i]) >= uint64(len(d.strings)) {
			return errNoString
		}
	}
	*s = stats.Sample{Seq: uint64(f[fSeq]), Request: uint64(f[fRequest]), Generation: int32(f[fGeneration]),
		Segment: int32(f[fSegment]), NthInRun: int32(f[fNth]), Prompt: int32(f[fPrompt]), Order: uint8(f[fOrder]),
		Lane: lane, Mode: mode, Warmup: f[fBits]&1 != 0, Failed: f[fBits]&2 != 0, Flags: stats.Flag(f[fFlags]),
		Cause: stats.Cause(f[fCause]), Strategy: d.strings[f[fStrategy]], Scenario: d.strings[f[fScenario]],
		Backend: d.strings[f[fBackend]], Shape: d.strings[f[fShape]], Batch: int32(f[fBatch]), Tokens: int32(f[fTokens]),
		ExecutedTokens: int32(f[fExecuted]), NewTokens: int32(f[fNew]), KVTokens: int32(f[fKV]), StartNs: f[fStart],
		WallNs: f[fWall], DeviceNs: f[fDevice], ResponseNs: f[fResponse], CompileNs: f[fCompile], TTFTNs: f[fTTFT],
		RunDelayNs: f[fRunDelay], MinFlt: f[fMinFlt], MajFlt: f[fMajFlt], NIvCSw: f[fNIvCSw], BoundNs: f[fBound] + stats.Absent,
		BoundComputeNs: f[fCompute] + stats.Absent, PaddingNs: f[fPadding] + stats.Absent}
	return nil
}

// deltas appends to out as many values as the payload says, each of which it has
// as the difference from the one before.
func deltas[T int64 | int32](d *frameDecoder, out []T) ([]T, error) {
	n, err := d.uvarint()
	if err != nil || n > maxSteps || n > uint64(len(d.b)) {
		return out, errTorn
	}
	sum := int64(0)
	for range n {
		v, err := d.varint()
		if err != nil {
			return out, err
		}
		sum += v
		out = append(out, T(sum))
	}
	return out, nil
}
