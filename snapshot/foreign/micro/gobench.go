package micro

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

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
		pkg := ""
		return in.Text.Each(func(line []byte) error {
			if m := goPkg.FindSubmatch(line); m != nil {
				pkg = string(m[1])
			}
			return goResult(in, pkg, line)
		})
	},
})

var _ = rows.Register(rows.Format{
	Name: "Go benchmark, JSON", Tool: "go test -json -bench=.",
	Seen:   "Go 1.26 (a file written here)",
	Reads:  "as the text, out of the output that the events carry, which cuts lines in two",
	Leaves: "as the text; tests and how they ended",
	Head: func(head []byte) bool {
		first, _, _ := bytes.Cut(bytes.TrimSpace(head), []byte("\n"))
		return bytes.HasPrefix(first, []byte("{")) && bytes.Contains(first, []byte(`"Action":"`)) && bytes.Contains(first, []byte(`"Package":"`))
	},
	Read: func(in *rows.Input) error {
		if err := in.Columns(); err != nil {
			return err
		}
		meansOfMany(in)
		begun := map[string]string{} // by package, of a line whose end has not come
		return in.Text.Each(func(line []byte) error {
			var e struct{ Package, Output string }
			if err := json.Unmarshal(line, &e); err != nil {
				in.Leave(in.Text.N, "it is no event of go test", string(line[:min(len(line), 40)]))
				return nil
			}
			text := begun[e.Package] + e.Output
			delete(begun, e.Package)
			if !strings.HasSuffix(text, "\n") {
				begun[e.Package] = text[:min(len(text), 1<<16)]
				return nil
			}
			return goResult(in, e.Package, []byte(text))
		})
	},
})

// goResult emits what a line of a package's output measures, if it does.
func goResult(in *rows.Input, pkg string, line []byte) error {
	m := goLine.FindSubmatch(line)
	if m == nil {
		return nil
	}
	r := rows.Row{Label: string(m[1]), Scenario: pkg, Run: string(m[1]), HasRun: true, OK: true, Index: int64(in.Text.N)}
	var err error
	if r.Ns, err = rows.Latency(rows.Number(string(m[2]), 1), 1); err != nil {
		return in.Errorf(in.Text.N, "%w", err)
	}
	return in.Emit(&r, nil)
}
