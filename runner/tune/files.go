package tune

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/stats"
)

// Files of a tune beside race.jsonl and the sessions that confirm it.
const (
	ResultFile     = "tune.json"
	CandidatesFile = "candidates.csv"
	ConfigFile     = "tuned.yaml"
	CodeFile       = "tuned.py"
	ReportFile     = "tune.md"
)

// write writes the files of a tune.
func (t *tuner) write(res *Result, cfg *configs.Config) error {
	j, err := json.MarshalIndent(res, "", "  ")
	if err != nil {
		return err
	}
	yaml, err := cfg.Redacted().YAML()
	if err != nil {
		return err
	}
	var report strings.Builder
	Print(&report, res)
	yaml = append([]byte("# "+strings.Join(Wrap(res.Sentence, 110), "\n# ")+"\n"), yaml...)
	for name, b := range map[string][]byte{ResultFile: append(j, '\n'), CandidatesFile: candidatesCSV(res), ConfigFile: yaml, CodeFile: []byte(res.code),
		ReportFile: []byte("# tune\n\n" + res.Sentence + "\n\n```\n" + report.String() + "```\n\n```python\n" + res.code + "```\n")} {
		if err := os.WriteFile(filepath.Join(t.o.Dir, name), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func candidatesCSV(res *Result) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{{"race", "candidate", "n", "objective_ms", "objective_lo_ms", "objective_hi_ms", "mean_ms", "p50_ms", "p99_ms", "limit_share", "requests_that_wait", "requests_that_made_one", "making_them_ms", "executables_bytes", "pick", "told", "out"}}
	for _, r := range res.Races {
		for _, x := range r.Rows {
			rows = append(rows, []string{r.Name, x.Name, strconv.Itoa(x.N), cell(x.Value), cell(x.Lo), cell(x.Hi), cell(x.Mean), cell(x.P50), cell(x.P99), cell(x.Limit),
				strconv.Itoa(x.Executables), strconv.Itoa(x.Made), cell(x.Cold), cell(x.Bytes), strconv.FormatBool(x.Pick), strconv.FormatBool(x.Told), x.Out})
		}
	}
	_ = w.WriteAll(rows) // into memory
	return b.Bytes()
}

func cell(v stats.Num) string {
	if v.Missing() {
		return ""
	}
	return strconv.FormatFloat(float64(v), 'g', -1, 64)
}

// Print writes the tables of a result.
func Print(w interface{ Write([]byte) (int, error) }, res *Result) {
	for _, r := range res.Races {
		fmt.Fprintf(w, "%s: %d requests, %s%s\n", r.Name, r.Blocks, r.Over, r.madeAhead())
		tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintf(tw, "  candidate\tn\t%s ms\t95 %%\tp50\tp99\tof limit\twait\tms in all\twhy it is out\n", res.Objective)
		for _, x := range order(r.Rows) {
			name := x.Name
			if x.Pick {
				name = "▸ " + name
			}
			fmt.Fprintf(tw, "  %s\t%d\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", name, x.N, short(x.Value), interval(x.Lo, x.Hi), short(x.P50), short(x.P99), percent(x.Limit), x.Executables, short(x.Cold), x.Out)
		}
		_ = tw.Flush() // a closed stdout is the reader's choice
	}
}

// madeAhead says what making executables before the race took, where that is seconds.
func (r *RaceResult) madeAhead() string {
	if took := time.Duration(float64(r.Ahead) * 1e6); took >= time.Second {
		return "; executables were made before it in " + round(took).String()
	}
	return ""
}

func short(v stats.Num) string {
	if v.Missing() || !finite(float64(v)) {
		return "—"
	}
	return digits(float64(v))
}

// percent is a share in percent.
func percent(v stats.Num) string {
	if v.Missing() {
		return "—"
	}
	return digits(100*float64(v)) + " %"
}

func interval(lo, hi stats.Num) string {
	if lo.Missing() {
		return "—"
	}
	if hi.Missing() {
		return "[" + short(lo) + ", ∞)"
	}
	return "[" + short(lo) + ", " + short(hi) + "]"
}

// Wrap breaks a text into lines of at most n cells.
func Wrap(text string, n int) (lines []string) {
	line := ""
	for _, w := range strings.Fields(text) {
		if line != "" && len(line)+1+len(w) > n {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + w)
	}
	return append(lines, line)
}
