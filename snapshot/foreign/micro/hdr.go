package micro

import (
	"bytes"
	"errors"
	"io"
	"math"
	"regexp"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

const hdrSamples = "A histogram keeps no single measurements."

var (
	_ = rows.Register(rows.Format{
		Name: "HdrHistogram distribution", Tool: "HdrHistogram's percentile output (.hgrm), 'vegeta report -type=hdrplot', tailscope's analysis/<lane>.hgrm",
		Seen:    "hdrhistogram-go 1.4, vegeta 12.13 and tailscope (files written here)",
		Reads:   "the value of the first line at or above p50, p90, p95, p99, p99.9, p99.99; mean, standard deviation, max and count where the footer has them. The unit is that in the header's brackets, else ms; --unit says otherwise",
		Leaves:  "the other lines",
		Samples: hdrSamples,
		Head: func(head []byte) bool {
			line, rest, _ := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte("\n"))
			for bytes.HasPrefix(line, []byte("#[")) {
				line, rest, _ = bytes.Cut(rest, []byte("\n"))
			}
			line = bytes.TrimLeft(line, " \t")
			return bytes.HasPrefix(line, []byte("Value")) && bytes.Contains(line, []byte("Percentile")) && bytes.Contains(line, []byte("TotalCount"))
		},
		Read: readHgrm,
	})
	_ = rows.Register(rows.Format{
		Name: "HdrHistogram log", Tool: "HistogramLogWriter (.hlog)",
		Seen:    "hdrhistogram-go 1.4 (a file written here); format 1.3",
		Reads:   "the intervals of each tag added up: percentiles, mean, min, max and count. Values are taken as ns; --unit says otherwise",
		Leaves:  "times of the intervals",
		Samples: hdrSamples,
		Head: func(head []byte) bool {
			return bytes.Contains(head[:min(len(head), 4096)], []byte("#[Histogram log format version"))
		},
		Read: readHlog,
	})
)

var (
	hgrmMean = regexp.MustCompile(`Mean\s*=\s*([\d.eE+]+).*StdDev\w*\s*=\s*([\d.eE+]+)`)
	hgrmMax  = regexp.MustCompile(`Max\s*=\s*([\d.eE+]+).*Total count\s*=\s*(\d+)`)
	hdrAt    = []float64{50, 75, 90, 95, 99, 99.9, 99.99}
)

func readHgrm(in *rows.Input) error {
	if err := in.Columns(); err != nil {
		return err
	}
	s := rows.NoStats()
	scale, next := 1e6, 0
	err := in.Text.Each(func(line []byte) (err error) {
		text := string(line)
		f := strings.Fields(text)
		switch {
		case len(f) == 0:
		case strings.HasPrefix(f[0], "Value"):
			if scale, err = in.Unit("hdr "+f[0], "ms"); err != nil {
				return err
			}
			if _, known := rows.UnitOf("hdr " + f[0]); !known && in.O.Unit == "" {
				in.Note("%s: the header names no unit; the values were read as ms, --unit says otherwise.", in.Name)
			}
		case f[0][0] == '#':
			if m := hgrmMean.FindStringSubmatch(text); m != nil {
				s.Mean, s.Std = rows.Number(m[1], scale), rows.Number(m[2], scale)
			}
			if m := hgrmMax.FindStringSubmatch(text); m != nil {
				s.Max, s.N = rows.Number(m[1], scale), int64(rows.Number(m[2], 1))
			}
		case len(f) >= 3:
			value, q := rows.Number(f[0], scale), rows.Number(f[1], 100)
			if math.IsNaN(value) || math.IsNaN(q) {
				return in.Errorf(in.Text.N, "%s is no line of a distribution", rows.Quote(text))
			}
			for ; next < len(hdrAt) && q >= hdrAt[next]-1e-9; next++ {
				s.Set(hdrAt[next], value)
			}
			if n := rows.Number(f[2], 1); n >= float64(s.N) && n < 1e15 {
				s.N = int64(n)
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case s.Empty():
		return in.Errorf(0, "%w: the distribution has no line", rows.ErrNone)
	}
	return in.Report(s)
}

func readHlog(in *rows.Input) (err error) {
	defer func() { // the library trusts its input
		if x := recover(); x != nil {
			err = in.Errorf(0, "the log is damaged: %v", x)
		}
	}()
	if err := in.Columns(); err != nil {
		return err
	}
	scale, err := in.Unit("", "ns")
	if err != nil {
		return err
	}
	all, order := map[string]*hdrhistogram.Histogram{}, []string{}
	for log := hdrhistogram.NewHistogramLogReader(in.Text); ; {
		h, err := log.NextIntervalHistogram()
		if err != nil && !errors.Is(err, io.EOF) {
			return in.Errorf(0, "interval %d: %w", len(order)+1, err)
		}
		if h == nil {
			break
		}
		tag := h.Tag()
		if all[tag] == nil {
			if len(order) == 1000 {
				return in.Errorf(0, "more than %d tags", len(order))
			}
			all[tag], order = h, append(order, tag)
			continue
		}
		if lost := all[tag].Merge(h); lost > 0 {
			in.Note("%s: %d values of %s lie beyond the range of its first interval and were left out.", in.Name, lost, rows.Quote(tag))
		}
	}
	if in.O.Unit == "" {
		in.Note("%s: a log names no unit; the values were read as ns, --unit says otherwise.", in.Name)
	}
	if len(order) == 0 {
		return in.Errorf(0, "%w: the log has no interval", rows.ErrNone)
	}
	for _, tag := range order {
		h, s := all[tag], rows.NoStats()
		s.Label, s.N, s.Mean, s.Std = tag, h.TotalCount(), h.Mean()*scale, h.StdDev()*scale
		s.Min, s.Max = float64(h.Min())*scale, float64(h.Max())*scale
		for _, p := range hdrAt {
			s.Set(p, float64(h.ValueAtQuantile(p))*scale)
		}
		if err := in.Report(s); err != nil {
			return err
		}
	}
	return nil
}
