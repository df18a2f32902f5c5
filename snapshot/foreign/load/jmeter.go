package load

import (
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

var (
	_ = rows.Register(rows.Format{
		Name: "JMeter JTL (CSV)", Tool: "jmeter -n -l F.jtl",
		Seen:   "JMeter 5.6, by its documentation and source (CSVSaveService); with and without the header line",
		Reads:  "elapsed in ms (whole ones), label, success; --latency-column Latency or Connect takes another time",
		Leaves: "threads, bytes, messages",
		Table: &rows.Table{Unit: "ms", Columns: map[string]string{"latency": "elapsed", "label": "label", "status": "success"},
			Header: [][]string{{"timeStamp", "elapsed"}}},
	})
	_ = rows.Register(rows.Format{
		Name: "JMeter JTL (CSV without header)", Tool: "jmeter -n -l F.jtl -Jjmeter.save.saveservice.print_field_names=false",
		Seen:   "JMeter 5.6, by its source: the default columns in their order",
		Reads:  "as with a header",
		Leaves: "as with a header",
		Table: &rows.Table{Unit: "ms", Columns: map[string]string{"latency": "elapsed", "label": "label", "status": "success"},
			Line: func(f [][]byte) []string {
				if len(f) != 17 || len(f[0]) != 13 || !rows.Digits(f[0]) || !rows.Digits(f[1]) || string(f[7]) != "true" && string(f[7]) != "false" {
					return nil
				}
				return []string{"timeStamp", "elapsed", "label", "responseCode", "responseMessage", "threadName", "dataType", "success", "failureMessage",
					"bytes", "sentBytes", "grpThreads", "allThreads", "URL", "Latency", "IdleTime", "Connect"}
			}},
	})
	_ = rows.Register(rows.Format{
		Name: "JMeter JTL (XML)", Tool: "jmeter -n -l F.jtl -Jjmeter.save.saveservice.output_format=xml",
		Seen:   "JMeter 5.6, by its documentation",
		Reads:  "t (elapsed, ms), lb, s of every sample at the top",
		Leaves: "samples within samples, of which the outer one is the sum; assertions, data",
		Head:   func(head []byte) bool { return has(head, "<testResults") },
		Read:   readJTL,
	})
	_ = rows.Register(rows.Format{
		Name: "JMeter dashboard statistics", Tool: "jmeter -g … -o DIR (DIR/statistics.json)",
		Seen:    "JMeter 5.6, by its documentation",
		Reads:   "mean, median, min, max and the three percentiles, by default the 90th, 95th and 99th, of each label, in ms",
		Leaves:  "throughput; the row Total, which is the sum of the others",
		Samples: "The JTL that the dashboard was made from keeps each sample.",
		Doc:     func(d *rows.Doc) bool { return d.Has("Total", "pct3ResTime") },
		ReadDoc: readDashboard,
	})
)

func readJTL(in *rows.Input) error {
	if err := in.Columns("rc", "rm", "tn"); err != nil {
		return err
	}
	dec := xml.NewDecoder(in.Text)
	for depth, n := 0, 0; ; {
		t, err := dec.Token()
		if errors.Is(err, io.EOF) && n > 0 {
			return nil
		}
		if err != nil {
			line, _ := dec.InputPos()
			return in.Errorf(line, "%s", rows.Clean(err.Error())) // it holds names as they are
		}
		switch t := t.(type) {
		case xml.EndElement:
			depth--
		case xml.StartElement:
			depth++
			if depth != 2 || t.Name.Local != "httpSample" && t.Name.Local != "sample" {
				continue
			}
			n++
			if err := emitJTL(in, t, n); err != nil {
				return err
			}
		}
	}
}

func emitJTL(in *rows.Input, t xml.StartElement, n int) error {
	get := func(name string) string {
		for _, a := range t.Attr {
			if a.Name.Local == name {
				return a.Value
			}
		}
		return ""
	}
	ns, err := rows.Latency(rows.Number(get("t"), 1e6), 1)
	if err != nil {
		return in.Errorf(0, "sample %d: t is %s", n, rows.Quote(get("t")))
	}
	r := rows.Row{Label: get("lb"), HasRun: true, Index: int64(n), Ns: ns}
	in.Judge(&r, "success", get("s"))
	return in.Emit(&r, get)
}

func readDashboard(in *rows.Input, d *rows.Doc) error {
	var all map[string]struct {
		N      int64     `json:"sampleCount"`
		Errors int64     `json:"errorCount"`
		Mean   *rows.Num `json:"meanResTime"`
		Median *rows.Num `json:"medianResTime"`
		Min    *rows.Num `json:"minResTime"`
		Max    *rows.Num `json:"maxResTime"`
		P90    *rows.Num `json:"pct1ResTime"`
		P95    *rows.Num `json:"pct2ResTime"`
		P99    *rows.Num `json:"pct3ResTime"`
	}
	if err := in.Decode(d, d.Raw, &all); err != nil {
		return err
	}
	if err := in.Columns(); err != nil {
		return err
	}
	delete(all, "Total")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		x := all[name]
		s := rows.NoStats()
		s.Label, s.N, s.Errors = name, x.N, x.Errors
		s.Mean, s.Min, s.Max = rows.Ns(x.Mean, 1e6), rows.Ns(x.Min, 1e6), rows.Ns(x.Max, 1e6)
		for p, v := range map[float64]*rows.Num{50: x.Median, 90: x.P90, 95: x.P95, 99: x.P99} {
			s.Set(p, rows.Ns(v, 1e6))
		}
		if err := in.Report(s); err != nil {
			return err
		}
	}
	in.Note("JMeter's dashboard does not say which percentiles its three are: they were taken as the default, 90, 95 and 99 (aggregate_rpt_pct1 to 3).")
	return nil
}
