package journal

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"

	"github.com/tailscope/tailscope/stats"
)

// The journal is a file of frames after an eight-byte magic. A frame stands
// for itself: strings and predictions start anew in each, so that a damaged
// frame costs its own samples and no others.
//
//	frame  = sync "TSF1" · payload length u32 · CRC-32C of all after it u32 ·
//	         samples u32 · seq of the first u64 · payload        (little endian)
//	payload = records
//	record = 'D' length bytes                 a string, numbered from 0 in its frame
//	       | 'S' lane|mode<<1 mask varints    a sample; 's' with steps after it; with the
//	                                          bit hasFurther in lane|mode<<1, further
//	                                          columns stand between
//	       | kind length JSON                 anything else
//
// A sample is numFields integers. Each is predicted (seq: previous + 1;
// start: previous start; others: the value of the lane's previous sample, for
// request and nth_in_run + 1); mask tells which differ, and only those follow, as
// zigzag varints of the difference. They are written by hand, for speed; every
// column of stats.Columns that came later is a further one, see further.go.
const (
	magic       = "TSJRNL1\n"
	frameSync   = "TSF1"
	frameHeader = 24
	maxFrame    = 16 << 20 // payload bytes a reader accepts
	frameTarget = 64 << 10 // payload bytes after which a frame is written
	numFields   = 32
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// The fields of a sample in the journal.
const (
	fSeq = iota
	fRequest
	fGeneration
	fSegment
	fNth
	fPrompt
	fOrder
	fBits
	fFlags
	fCause
	fStrategy
	fScenario
	fBackend
	fShape
	fBatch
	fTokens
	fExecuted
	fNew
	fKV
	fStart
	fWall
	fDevice
	fResponse
	fCompile
	fTTFT
	fRunDelay
	fMinFlt
	fMajFlt
	fNIvCSw
	fBound
	fCompute
	fPadding
)

type fields [numFields]int64

// predictor is the state that encoder and decoder share within a frame.
type predictor struct {
	lane       [stats.NumLanes]fields
	further    [stats.NumLanes][]int64
	seq, start int64
}

func (p *predictor) reset(firstSeq uint64) {
	p.lane, p.seq = [stats.NumLanes]fields{}, int64(firstSeq)
	p.start = 0
	for lane := range p.further {
		p.further[lane] = append(p.further[lane][:0], make([]int64, len(further))...)
	}
}

// next returns what a sample of lane is expected to be.
func (p *predictor) next(lane stats.Lane) *fields {
	f := &p.lane[lane]
	f[fSeq], f[fStart] = p.seq, p.start
	f[fRequest]++
	f[fNth]++
	return f
}

// took updates the state after a sample; f is what next returned, now holding
// the sample's values.
func (p *predictor) took(f *fields) { p.seq, p.start = f[fSeq]+1, f[fStart] }

// frameEncoder collects records of one frame.
type frameEncoder struct {
	buf     []byte // header and payload
	pred    predictor
	strings map[string]int64
	further []int64 // of the sample in hand
	last    [stats.NumLanes][4]string
	lastID  [stats.NumLanes][4]int64
	samples uint32
	first   uint64
}

func newFrameEncoder() *frameEncoder {
	e := &frameEncoder{buf: make([]byte, frameHeader, frameTarget+4096), strings: map[string]int64{}}
	e.reset()
	return e
}

func (e *frameEncoder) reset() {
	e.buf = e.buf[:frameHeader]
	clear(e.strings)
	e.lastID = [stats.NumLanes][4]int64{{-1, -1, -1, -1}, {-1, -1, -1, -1}}
	e.samples, e.first = 0, 0
	e.pred.reset(0)
}

func (e *frameEncoder) empty() bool { return len(e.buf) == frameHeader }

// intern returns the frame's number for s, defining it on first use. slot is
// the field's position among the four strings.
func (e *frameEncoder) intern(lane stats.Lane, slot int, s string) int64 {
	if e.lastID[lane][slot] < 0 || e.last[lane][slot] != s {
		e.last[lane][slot], e.lastID[lane][slot] = s, e.number(s)
	}
	return e.lastID[lane][slot]
}

// number is the frame's number for s, defined on first use.
func (e *frameEncoder) number(s string) int64 {
	id, ok := e.strings[s]
	if !ok {
		id = int64(len(e.strings))
		e.strings[s] = id
		e.buf = append(e.buf, 'D')
		e.buf = binary.AppendUvarint(e.buf, uint64(len(s)))
		e.buf = append(e.buf, s...)
	}
	return id
}

// sample appends s, with the time of each decode step and, where they are known,
// the cache lengths.
func (e *frameEncoder) sample(s *stats.Sample, steps []int64, kv []int32) {
	lane := s.Lane & 1
	strategy, scenario := e.intern(lane, 0, s.Strategy), e.intern(lane, 1, s.Scenario)
	backend, shape := e.intern(lane, 2, s.Backend), e.intern(lane, 3, s.Shape)
	e.further = e.values(s, e.further[:0])
	if e.samples == 0 {
		e.first = s.Seq
		e.pred.reset(s.Seq)
	}
	e.samples++
	v := fields{int64(s.Seq), int64(s.Request), int64(s.Generation), int64(s.Segment), int64(s.NthInRun),
		int64(s.Prompt), int64(s.Order), bits(s), int64(s.Flags), int64(s.Cause), strategy, scenario, backend, shape,
		int64(s.Batch), int64(s.Tokens), int64(s.ExecutedTokens), int64(s.NewTokens), int64(s.KVTokens), s.StartNs,
		s.WallNs, s.DeviceNs, s.ResponseNs, s.CompileNs, s.TTFTNs, s.RunDelayNs, s.MinFlt, s.MajFlt, s.NIvCSw,
		s.BoundNs - stats.Absent, s.BoundComputeNs - stats.Absent, s.PaddingNs - stats.Absent}
	typ := byte(KindSample)
	if len(steps) > 0 {
		typ = 's'
	}
	e.buf = append(e.buf, typ, byte(lane)|byte(s.Mode)<<1, 0, 0, 0, 0)
	at, p := len(e.buf)-4, e.pred.next(lane)
	var mask uint32
	for i := range v {
		if d := v[i] - p[i]; d != 0 {
			mask |= 1 << i
			e.buf = binary.AppendVarint(e.buf, d)
		}
	}
	binary.LittleEndian.PutUint32(e.buf[at:], mask)
	*p = v
	e.pred.took(p)
	if e.appendFurther(lane) {
		e.buf[at-1] |= hasFurther
	}
	if len(steps) == 0 {
		return
	}
	if len(kv) != len(steps) {
		kv = nil
	}
	e.buf = appendDeltas(appendDeltas(e.buf, steps), kv)
}

// appendDeltas appends how many values there are, then each as the difference from
// the one before.
func appendDeltas[T int64 | int32](dst []byte, values []T) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(values)))
	was := int64(0)
	for _, v := range values {
		dst = binary.AppendVarint(dst, int64(v)-was)
		was = int64(v)
	}
	return dst
}

func bits(s *stats.Sample) (b int64) {
	if s.Warmup {
		b |= 1
	}
	if s.Failed {
		b |= 2
	}
	return b
}

// json appends any other record.
func (e *frameEncoder) json(kind Kind, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	e.buf = append(e.buf, byte(kind))
	e.buf = binary.AppendUvarint(e.buf, uint64(len(b)))
	e.buf = append(e.buf, b...)
	return nil
}

// seal completes the header and returns the frame.
func (e *frameEncoder) seal() []byte {
	payload := e.buf[frameHeader:]
	h := e.buf[:frameHeader]
	copy(h, frameSync)
	binary.LittleEndian.PutUint32(h[4:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(h[12:], e.samples)
	binary.LittleEndian.PutUint64(h[16:], e.first)
	binary.LittleEndian.PutUint32(h[8:], frameSum(h, payload))
	return e.buf
}

// frameSum covers the rest of the header and the payload.
func frameSum(header, payload []byte) uint32 {
	return crc32.Update(crc32.Checksum(header[12:frameHeader], castagnoli), castagnoli, payload)
}

// Frame is a frame with a valid checksum around any payload, for tests of
// readers.
func Frame(payload []byte, samples uint32) []byte {
	e := newFrameEncoder()
	e.buf, e.samples = append(e.buf, payload...), samples
	return e.seal()
}
