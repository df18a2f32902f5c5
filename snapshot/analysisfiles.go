package snapshot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/tailscope/tailscope/snapshot/internal/textio"
	"github.com/tailscope/tailscope/snapshot/labels"
	"github.com/tailscope/tailscope/stats"
)

// writeAnalysis writes compiler_counters.json and analysis/ of each mode.
func writeAnalysis(dir string, m *Manifest, c *collected) error {
	tables, err := c.labels.Finish()
	if err != nil && !errors.Is(err, labels.ErrEmpty) {
		return err
	}
	rep := &folderReport{m: m, failures: c.failures}
	for i, n := range c.modeRows {
		if n == 0 {
			continue
		}
		if err := writeModeAnalysis(dir, m, c, stats.Mode(i), tables, rep); err != nil {
			return fmt.Errorf("write the analysis of %s: %w", stats.Mode(i), err)
		}
	}
	return rep.write(dir)
}

func writeModeAnalysis(dir string, m *Manifest, c *collected, mode stats.Mode, tables *labels.Report, rep *folderReport) error {
	md, err := modeDir(dir, mode)
	if err != nil {
		return err
	}
	if err := writeJSON(md, "compiler_counters.json", c.counterFile(mode, m.Settings.RecompileLimit)); err != nil {
		return err
	}
	ad, err := modeDir(dir, mode, "analysis")
	if err != nil {
		return err
	}
	sum := c.summary(mode)
	if err := writeJSON(ad, "summary.json", sum); err != nil {
		return err
	}
	if err := writeFile(ad, "summary_overall.csv", summaryCSV(sum.Groups)); err != nil {
		return err
	}
	if err := tables.OfMode(mode.String()).ColdStartFiles(ad); err != nil {
		return err
	}
	pics, err := c.pictures(m, mode, tables)
	if err != nil {
		return err
	}
	pd, err := modeDir(dir, mode, "analysis", "plots")
	if err != nil {
		return err
	}
	if err := writePictures(pd, pics); err != nil {
		return err
	}
	rep.modes = append(rep.modes, modeReport{mode: mode, sum: sum, judged: c.judge(mode),
		counters: c.counterFile(mode, m.Settings.RecompileLimit), pics: pics})
	return c.hists.write(dir, mode)
}

// summaryCSV writes groups as a table whose columns are the keys of
// summary.json, in its order; null is an empty field.
func summaryCSV(groups []stats.GroupSummary) []byte {
	var b bytes.Buffer
	for i := range groups {
		keys, values := flatten(&groups[i])
		if i == 0 {
			writeCSVLine(&b, keys)
		}
		writeCSVLine(&b, values)
	}
	return b.Bytes()
}

// flatten returns the keys and values of a struct's JSON form in order.
func flatten(v any) (keys, values []string) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	_, _ = d.Token() // the opening brace
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return keys, values
		}
		var x any
		if d.Decode(&x) != nil {
			return keys, values
		}
		keys = append(keys, fmt.Sprint(k))
		values = append(values, csvValue(x))
	}
	return keys, values
}

func csvValue(x any) string {
	switch x := x.(type) {
	case nil:
		return ""
	case json.Number:
		return x.String()
	case bool:
		return strconv.FormatBool(x)
	case string:
		return x
	default:
		return fmt.Sprint(x)
	}
}

func writeCSVLine(b *bytes.Buffer, fields []string) {
	var line []byte
	for i, f := range fields {
		if i > 0 {
			line = append(line, ',')
		}
		line = textio.AppendCSV(line, f)
	}
	b.Write(append(line, '\n'))
}
