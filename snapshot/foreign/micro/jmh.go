package micro

import (
	"fmt"
	"sort"
	"strings"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

var _ = rows.Register(rows.Format{
	Name: "JMH JSON", Tool: "java -jar benchmarks.jar -rf json",
	Seen:   "JMH 1.37 (a file written here)",
	Reads:  "rawData of the modes avgt and ss (a value an iteration), rawDataHistogram of mode sample, in scoreUnit; forks are runs, parameters stand in the label",
	Leaves: "throughput (thrpt), counted; scores and errors, secondary metrics",
	Doc:    func(d *rows.Doc) bool { return d.Has("[]", "benchmark") && d.Has("[]", "primaryMetric") },
	ReadDoc: func(in *rows.Input, d *rows.Doc) error {
		var list []jmh
		if err := in.Document(d, &list, nil, "mode"); err != nil {
			return err
		}
		for i := range list {
			if err := list[i].read(in, d); err != nil {
				return err
			}
		}
		return nil
	},
})

// maxCalls bounds the calls of one fork's histogram, which become rows.
const maxCalls = 2e7

type jmh struct {
	Benchmark string            `json:"benchmark"`
	Mode      string            `json:"mode"`
	Params    map[string]string `json:"params"`
	Metric    struct {
		Unit      string            `json:"scoreUnit"`
		Raw       [][]rows.Num      `json:"rawData"`
		Histogram [][][][2]rows.Num `json:"rawDataHistogram"`
	} `json:"primaryMetric"`
}

func (j *jmh) label() string {
	var p []string
	for k, v := range j.Params {
		p = append(p, k+"="+v)
	}
	sort.Strings(p)
	return strings.TrimSpace(j.Benchmark + " " + strings.Join(p, " "))
}

func (j *jmh) read(in *rows.Input, d *rows.Doc) error {
	unit, _, _ := strings.Cut(j.Metric.Unit, "/")
	scale, err := rows.Scale(unit)
	if err != nil {
		in.Leave(d.Line, "a rate, "+rows.Clean(j.Metric.Unit)+", is no latency: 'java -jar … -bm avgt' measures times", j.Benchmark)
		return nil
	}
	if j.Mode == "avgt" {
		meansOfMany(in)
	}
	emit := func(fork, i int, v rows.Num, ordered bool) error {
		ns, err := rows.Latency(float64(v), scale)
		if err != nil {
			return in.Errorf(d.Line, "%s: %w", rows.Clean(j.Benchmark), err)
		}
		r := rows.Row{Label: j.label(), Run: fmt.Sprintf("%s fork %d", j.label(), fork+1), HasRun: ordered, OK: true, Index: int64(i), Ns: ns}
		return in.Emit(&r, func(string) string { return j.Mode })
	}
	for fork, values := range j.Metric.Raw {
		for i, v := range values {
			if err := emit(fork, i, v, true); err != nil {
				return err
			}
		}
	}
	for fork, iterations := range j.Metric.Histogram {
		n := 0
		for _, bins := range iterations {
			for _, b := range bins {
				if b[1] < 0 || float64(n)+float64(b[1]) > maxCalls {
					return in.Errorf(d.Line, "%s: a count is %v: more than %g calls are not read", rows.Clean(j.Benchmark), float64(b[1]), maxCalls)
				}
				for range int(b[1]) {
					if err := emit(fork, n, b[0], false); err != nil {
						return err
					}
					n++
				}
			}
		}
	}
	return nil
}
