package folder

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/internal/fields"
	"github.com/tailscope/tailscope/snapshot/internal/textio"
	"github.com/tailscope/tailscope/stats"
)

// writeAnalysis writes compiler_counters.json and analysis/ of each mode.
func writeAnalysis(dir *door.Dir, c *Collected) error {
	for i := range c.Modes {
		x := &c.Modes[i]
		if err := c.writeMode(dir, x); err != nil {
			return fmt.Errorf("write the analysis of %s: %w", x.Mode, err)
		}
	}
	return nil
}

func (c *Collected) writeMode(dir *door.Dir, x *ModeResult) error {
	md, err := dir.Make(x.Mode.String())
	if err != nil {
		return err
	}
	defer md.Close()
	if err := md.WriteJSON("compiler_counters.json", x.Counters); err != nil {
		return err
	}
	ad, err := md.Make("analysis")
	if err != nil {
		return err
	}
	defer ad.Close()
	return errors.Join(ad.WriteJSON("summary.json", x.Summary), ad.WriteFile("summary_overall.csv", summaryCSV(x.Summary.Groups)),
		c.Tables.OfMode(x.Mode.String()).ColdStartFiles(ad), c.hists.write(ad, x.Mode))
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

// flatten returns the fields of a struct as a line of a table: numbers as JSON
// writes them, nothing for what is not known.
func flatten(v any) (keys, values []string) {
	for k, x := range fields.Of(v) {
		keys = append(keys, k)
		switch x := x.Interface().(type) {
		case stats.Num:
			text := ""
			if raw, err := x.MarshalJSON(); err == nil && !x.Missing() {
				text = strings.Replace(string(raw), "null", "", 1) // of an infinity
			}
			values = append(values, text)
		default:
			values = append(values, fmt.Sprint(x))
		}
	}
	return keys, values
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
