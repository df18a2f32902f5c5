package journal

import (
	"errors"

	"github.com/tailscope/tailscope/runner/guard"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/stats"
)

// A segment is full with so many samples or bytes. The first is also the size
// of a row group of samples.parquet.
const (
	rotateRows  = 128 << 10
	rotateBytes = 32 << 20
)

// rotation turns the full segments of a journal into Parquet, one at a time, in
// a goroutine of its own.
type rotation struct {
	full, quit, done chan struct{}
}

func (r *rotation) start(w *Writer) {
	r.full, r.quit, r.done = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	guard.Go("the rotation of the journal", func() {
		defer close(r.done)
		r.run(w)
	})
}

// wake says that there is a full segment.
func (r *rotation) wake() {
	select {
	case r.full <- struct{}{}:
	default:
	}
}

// stop waits for the segment in hand; others stay as they are. It may be
// called again.
func (r *rotation) stop() {
	select {
	case <-r.quit:
	default:
		close(r.quit)
	}
	<-r.done
}

func (r *rotation) run(w *Writer) {
	for n := 1; ; {
		w.mu.Lock()
		seg, last := Segment{w.seg.dir, n}, w.seg.n
		w.mu.Unlock()
		if n == last {
			select {
			case <-r.full:
			case <-r.quit:
				return
			}
			continue
		}
		select {
		case <-r.quit:
			return
		default:
		}
		w.rotated(seg)
		n++
	}
}

// rotated rotates a segment and counts what it came to. One that cannot be
// rotated stays as it is: every reader takes both forms.
func (w *Writer) rotated(s Segment) {
	fi, err := s.dir.Stat(s.frames())
	if err != nil {
		return
	}
	if size, err := s.rotate(); err == nil {
		w.mu.Lock()
		w.older += size - fi.Size()
		w.mu.Unlock()
	}
}

// rotate turns a full segment into Parquet and removes its frames. A damaged
// one stays as it is. It returns the size of the new files.
func (s Segment) rotate() (bytes int64, err error) {
	p := &partWriter{seg: s, enc: newFrameEncoder()}
	if err := p.write(); err != nil {
		for _, name := range p.names {
			_ = s.dir.Remove(name) // the frames are still there
		}
		return 0, err
	}
	for _, name := range p.names {
		fi, err := s.dir.Stat(name)
		if err != nil {
			return 0, err
		}
		bytes += fi.Size()
	}
	return bytes, s.dir.Remove(s.frames())
}

var errDamagedSegment = errors.New("the segment is damaged")

// partWriter writes the Parquet form of a segment: samples, steps of each
// mode, and all other records as frames in which a KindAt record says how many
// samples came before those that follow it.
type partWriter struct {
	seg     Segment
	names   []string // of files that are complete
	samples *SamplesFile
	steps   [stats.NumModes]*StepsFile
	rest    *door.File
	enc     *frameEncoder
	n, at   uint64 // samples so far; of them, those that the rest knows of
}

func (p *partWriter) write() (err error) {
	if p.samples, err = NewSamplesFile(p.seg.dir, p.seg.name("parquet")); err != nil {
		return err
	}
	if p.rest, err = p.seg.dir.Create(p.seg.name("rest")); err != nil {
		return errors.Join(err, p.samples.abort())
	}
	_, err = p.rest.WriteString(magic)
	if err == nil {
		var d Damage
		d, err = p.seg.Records(nil, p.take)
		if err == nil && d != (Damage{}) {
			err = errDamagedSegment
		}
	}
	return p.finish(err)
}

// finish completes the files, on disk, or removes them after an error.
func (p *partWriter) finish(err error) error {
	if err == nil && !p.enc.empty() {
		err = p.flushRest()
	}
	end := func(name string, f interface{ CloseSynced() error }, abort func() error) {
		if err != nil {
			err = errors.Join(err, abort())
			return
		}
		if err = f.CloseSynced(); err == nil {
			p.names = append(p.names, name)
		}
	}
	end(p.seg.name("parquet"), p.samples, p.samples.abort)
	for m, f := range p.steps {
		if f != nil {
			end(p.seg.stepsName(stats.Mode(m)), f, f.abort)
		}
	}
	end(p.seg.name("rest"), p.rest, p.rest.Abort)
	return err
}

func (p *partWriter) take(r *Record) (err error) {
	if r.Kind != KindSample {
		return p.other(r)
	}
	p.n++
	m := r.Sample.Mode
	if len(r.Steps) > 0 {
		if p.steps[m] == nil {
			if p.steps[m], err = NewStepsFile(p.seg.dir, p.seg.stepsName(m)); err != nil {
				return err
			}
		}
		if err := p.steps[m].Add(r); err != nil {
			return err
		}
	}
	return p.samples.Add(&r.Sample)
}

func (p *partWriter) other(r *Record) error {
	if p.at != p.n || p.enc.empty() {
		p.at = p.n
		if err := p.enc.json(KindAt, p.at); err != nil {
			return err
		}
	}
	if err := p.enc.json(r.Kind, r.Value()); err != nil {
		return err
	}
	if len(p.enc.buf) >= frameTarget {
		return p.flushRest()
	}
	return nil
}

func (p *partWriter) flushRest() error {
	_, err := p.rest.Write(p.enc.seal())
	p.enc.reset()
	return err
}
