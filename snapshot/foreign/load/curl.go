package load

import (
	"strconv"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

var _ = rows.Register(rows.Format{
	Name: "curl", Tool: "curl -w '%{json}\\n', a line a transfer",
	Seen:   "curl 7.88 (a file written here)",
	Reads:  "time_total in s, http_code; a transfer that failed as such; the URL as label",
	Leaves: "the phases of a transfer (time_namelookup to time_starttransfer), sizes, speeds, addresses",
	Pools:  true,
	Doc: func(d *rows.Doc) bool {
		return d.Has("time_total") && d.Has("time_starttransfer") && d.Has("http_code")
	},
	ReadDoc: func(in *rows.Input, d *rows.Doc) error {
		var v struct {
			Total *rows.Num `json:"time_total"`
			Code  int       `json:"http_code"`
			Exit  int       `json:"exitcode"`
			URL   string    `json:"url_effective"`
		}
		err := in.Record(d, &v, func() bool { return v.Total != nil && !v.Total.Missing() }, "http_code", "url_effective")
		if err != nil {
			return err
		}
		r := rows.Row{Label: v.URL, Index: int64(d.Line)}
		if r.Ns, err = rows.Latency(float64(*v.Total), 1e9); err != nil {
			return in.Errorf(d.Line, "%w", err)
		}
		if in.Judge(&r, "http_code", strconv.Itoa(v.Code)); v.Exit != 0 {
			r.OK = false
		}
		return in.Emit(&r, func(column string) string {
			return map[string]string{"http_code": strconv.Itoa(v.Code), "url_effective": v.URL}[column]
		})
	},
})
