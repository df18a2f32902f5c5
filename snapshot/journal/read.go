package journal

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Damage is what a journal reader had to leave out.
type Damage struct {
	Frames  int    // frames that failed their checksum or could not be decoded
	Samples uint64 // samples in them, as their headers say
	Bytes   int64  // bytes that could not be read
	Torn    bool   // the file ends inside a frame
}

// frameReader reads the frames of a journal one after the other. It holds
// one frame in memory.
type frameReader struct {
	r      *bufio.Reader
	dec    frameDecoder
	buf    []byte
	head   [frameHeader]byte
	damage Damage
	left   uint32 // samples of the frame not yet handed out
	after  uint64 // samples have sequence numbers from here on: what is before is a copy
	copied bool   // the frame with samples before was one
	infr   bool
}

// newFrameReader checks the magic. Of an empty file, which a crash right
// after creation leaves, it reads no record.
func newFrameReader(r io.Reader) (*frameReader, error) {
	j := &frameReader{r: bufio.NewReaderSize(r, 256<<10)}
	m, err := j.r.Peek(len(magic))
	switch {
	case string(m) == magic:
		_, _ = j.r.Discard(len(magic)) // what was peeked is there
	case errors.Is(err, io.EOF) && strings.HasPrefix(magic, string(m)):
		j.damage.Torn, j.damage.Bytes = len(m) > 0, int64(len(m))
		_, _ = j.r.Discard(len(m))
	case err != nil && !errors.Is(err, io.EOF):
		return nil, err
	} // else the magic is damaged, and frames may follow
	return j, nil
}

// next fills r with the next record; io.EOF ends. Damage is counted, skipped
// and reported by the field damage; it is never an error.
func (j *frameReader) next(r *Record) error {
	for {
		if j.infr {
			ok, err := j.dec.next(r)
			if ok && err == nil {
				if r.Kind == KindSample && j.left > 0 {
					j.left--
				}
				return nil
			}
			if err != nil {
				j.damage.Frames++
				j.damage.Samples += uint64(j.left)
				j.damage.Bytes += int64(len(j.dec.b))
			}
			j.infr = false
		}
		if err := j.frame(); err != nil {
			return err
		}
	}
}

// frame reads the next whole frame into the decoder.
func (j *frameReader) frame() error {
	if err := j.header(); err != nil {
		return err
	}
	n := binary.LittleEndian.Uint32(j.head[4:])
	sum := binary.LittleEndian.Uint32(j.head[8:])
	samples := binary.LittleEndian.Uint32(j.head[12:])
	if n > maxFrame || uint64(samples)*6 > uint64(n) {
		j.damage.Frames++
		j.damage.Bytes += frameHeader
		return nil // the next call looks for the next frame
	}
	if cap(j.buf) < int(n) {
		j.buf = make([]byte, n)
	}
	j.buf = j.buf[:n]
	if got, err := io.ReadFull(j.r, j.buf); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			j.damage.Torn = true
			j.damage.Bytes += int64(got) + frameHeader
			j.damage.Samples += uint64(samples)
			return io.EOF
		}
		return fmt.Errorf("read journal: %w", err)
	}
	if frameSum(j.head[:], j.buf) != sum {
		j.damage.Frames++
		j.damage.Samples += uint64(samples)
		j.damage.Bytes += int64(n) + frameHeader
		return nil
	}
	first := binary.LittleEndian.Uint64(j.head[16:])
	if samples > 0 {
		j.copied = first < j.after
	}
	if j.copied { // what was there already, and the events beside it
		j.damage.Frames++
		j.damage.Bytes += int64(n) + frameHeader
		return nil
	}
	if samples > 0 {
		j.after = first + uint64(samples)
	}
	j.dec.reset(j.buf, first)
	j.left, j.infr = samples, true
	return nil
}

// header reads a frame's header, skipping bytes until one begins.
func (j *frameReader) header() error {
	for {
		p, err := j.r.Peek(frameHeader)
		if len(p) < frameHeader {
			if errors.Is(err, io.EOF) {
				if len(p) > 0 {
					j.damage.Torn = true
					j.damage.Bytes += int64(len(p))
				}
				return io.EOF
			}
			return fmt.Errorf("read journal: %w", err)
		}
		if string(p[:len(frameSync)]) == frameSync {
			copy(j.head[:], p)
			_, _ = j.r.Discard(frameHeader) // what was peeked is there
			return nil
		}
		skip := bytes.Index(p[1:], []byte(frameSync[:1])) + 1
		if skip == 0 {
			skip = len(p)
		}
		j.damage.Bytes += int64(skip)
		_, _ = j.r.Discard(skip)
	}
}

// wholeFrame says whether the frame at an offset is what its checksum says.
func wholeFrame(f io.ReaderAt, at int64, h *[frameHeader]byte) bool {
	n := binary.LittleEndian.Uint32(h[4:])
	if n > maxFrame {
		return false
	}
	payload := make([]byte, n)
	_, err := io.ReadFull(io.NewSectionReader(f, at+frameHeader, int64(n)), payload)
	return err == nil && frameSum(h[:], payload) == binary.LittleEndian.Uint32(h[8:])
}

// countFrames counts the samples of whole frames up to size; damage ends it,
// which records counts.
func countFrames(f io.ReaderAt, size int64) (n uint64) {
	eachHeader(f, size, func(_ int64, h *[frameHeader]byte) bool {
		n += uint64(binary.LittleEndian.Uint32(h[12:]))
		return true
	})
	return n
}

// eachHeader hands out the offsets and headers of whole frames up to size, until
// more says no or there is damage.
func eachHeader(f io.ReaderAt, size int64, more func(int64, *[frameHeader]byte) bool) {
	var h [frameHeader]byte
	for at := int64(len(magic)); at < size; {
		if _, err := f.ReadAt(h[:], at); err != nil || string(h[:len(frameSync)]) != frameSync || !more(at, &h) {
			return
		}
		at += frameHeader + int64(binary.LittleEndian.Uint32(h[4:]))
	}
}

func (d *Damage) add(o Damage) {
	d.Frames += o.Frames
	d.Samples += o.Samples
	d.Bytes += o.Bytes
	d.Torn = d.Torn || o.Torn
}
