package micro

import (
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

func runName(label string, i int) string { return fmt.Sprintf("%s run %d", label, i+1) }

var (
	goLine = regexp.MustCompile(`(?m)^(Benchmark\S*)\s+\d+\s+([\d.]+) ns/op`)
	goPkg  = regexp.MustCompile(`^pkg:\s*(\S+)`)
)

var _ = rows.Register(rows.Format{
	Name: "Go benchmark", Tool: "go test -bench=. [-count=N]",
	Seen:   "Go 1.26 (a file written here)",
	Reads:  "ns/op of each line; -count makes several of one label; the package as scenario",
	Leaves: "bytes, allocations, other metrics; lines that are no benchmark",
	Head:   func(head []byte) bool { return goLine.Match(head) },
	Read: func(in *rows.Input) error {
		if err := in.Columns(); err != nil {
			return err
		}
		meansOfMany(in)
		for pkg := ""; ; {
			line, err := in.Text.Next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if m := goPkg.FindSubmatch(line); m != nil {
				pkg = string(m[1])
			}
			m := goLine.FindSubmatch(line)
			if m == nil {
				continue
			}
			r := rows.Row{Label: string(m[1]), Scenario: pkg, Run: string(m[1]), HasRun: true, OK: true, Index: int64(in.Text.N)}
			if r.Ns, err = rows.Latency(number(string(m[2]), 1), 1); err != nil {
				return in.Errorf(in.Text.N, "%w", err)
			}
			if err := in.Emit(&r, nil); err != nil {
				return err
			}
		}
	},
})
