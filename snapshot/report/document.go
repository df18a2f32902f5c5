package report

import (
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/runner/plain"
	"github.com/tailscope/tailscope/snapshot/plots"
)

// document is a page that prints as Markdown and as one HTML file that needs
// nothing else.
type document struct {
	title  string
	blocks []block
}

type block struct {
	kind    string // h2, h3, p, strong, todo, table, list, picture, curves, code
	text    string
	table   table
	items   []string
	picture *plots.Picture
	dir     string // of the picture's file, relative, slashes
	curves  []curve
}

// curve is latency over quantiles, drawn by the page's script.
type curve struct {
	Name string    `json:"name"`
	Q    []float64 `json:"q"`
	Ms   []float64 `json:"ms"`
}

// table is text cells under a head; numbers are aligned right in HTML.
type table struct {
	head []string
	rows [][]string
	note string
}

func (d *document) head(level int, s string) { d.add(block{kind: "h" + strconv.Itoa(level), text: s}) }
func (d *document) para(s string)            { d.add(block{kind: "p", text: s}) }
func (d *document) strong(s string)          { d.add(block{kind: "strong", text: s}) }
func (d *document) todo(s string)            { d.add(block{kind: "todo", text: s}) }
func (d *document) add(b block)              { d.blocks = append(d.blocks, b) }

func (d *document) table(t table) {
	if len(t.rows) > 0 {
		d.add(block{kind: "table", table: t})
	}
}

func (d *document) list(items []string) {
	if len(items) > 0 {
		d.add(block{kind: "list", items: items})
	}
}

// section is a heading with a table, left out where the table is empty.
func (d *document) section(level int, s string, t table) {
	if len(t.rows) > 0 {
		d.head(level, s)
		d.table(t)
	}
}

func (d *document) picture(p *plots.Picture, dir string) {
	d.add(block{kind: "picture", picture: p, dir: dir})
}

// code is a command to copy.
func (d *document) code(s string) { d.add(block{kind: "code", text: s}) }

func (d *document) draw(c []curve, caption string) {
	if len(c) > 0 {
		d.add(block{kind: "curves", curves: c, text: caption})
	}
}

func (d *document) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", mdText(d.title))
	for _, x := range d.blocks {
		switch x.kind {
		case "h2":
			fmt.Fprintf(&b, "## %s\n\n", mdText(x.text))
		case "h3":
			fmt.Fprintf(&b, "### %s\n\n", mdText(x.text))
		case "p":
			fmt.Fprintf(&b, "%s\n\n", mdText(x.text))
		case "strong", "todo":
			fmt.Fprintf(&b, "**%s**\n\n", mdText(x.text))
		case "code":
			fmt.Fprintf(&b, "    %s\n\n", plain.Line(x.text))
		case "list":
			for _, i := range x.items {
				fmt.Fprintf(&b, "- %s\n", mdText(i))
			}
			b.WriteString("\n")
		case "table":
			x.table.markdown(&b)
		case "picture":
			fmt.Fprintf(&b, "![%s](%s/%s.svg)\n\n%s\n\n", x.picture.Name, x.dir, x.picture.Name, mdText(x.picture.Caption))
		}
	}
	return b.String()
}

func (t *table) markdown(b *strings.Builder) {
	row := func(cells []string) {
		for _, c := range cells {
			b.WriteString("| " + mdText(c) + " ")
		}
		b.WriteString("|\n")
	}
	row(t.head)
	for i := range t.head {
		if t.numeric(i) {
			b.WriteString("|---:")
		} else {
			b.WriteString("|---")
		}
	}
	b.WriteString("|\n")
	for _, r := range t.rows {
		row(r)
	}
	b.WriteString("\n")
	if t.bracketed() {
		fmt.Fprintf(b, "%s\n\n", t.note)
	}
}

// numeric reports whether column i holds numbers only.
func (t *table) numeric(i int) bool {
	for _, r := range t.rows {
		if _, err := strconv.ParseFloat(strings.Trim(r[i], "()—"), 64); (err != nil || strings.Contains(r[i], "_")) && r[i] != "—" {
			return false
		}
	}
	return true
}

// bracketed reports whether the note on parentheses applies.
func (t *table) bracketed() bool {
	for _, r := range t.rows {
		for _, c := range r {
			if t.note != "" && strings.HasPrefix(c, "(") {
				return true
			}
		}
	}
	return false
}

// mdText keeps text from becoming markup.
func mdText(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "\r", " ", "<", "&lt;", "*", "\\*", "_", "\\_", "`", "\\`", "[", "\\[").Replace(s)
}

// script makes tables sort and curves answer; the page is whole without it.
//
//go:embed report.js
var script string

// style is the whole look: readable in light and dark, on paper and on a phone.
const style = `:root{color-scheme:light dark;--bg:#fff;--fg:#1c2128;--dim:#57606a;--line:#d0d7de;--card:#fff;--mark:#f6f8fa}
@media(prefers-color-scheme:dark){:root{--bg:#14181d;--fg:#dfe5ec;--dim:#9aa5b1;--line:#333c47;--card:#f4f4f2;--mark:#1d232a}}
body{font:16px/1.55 system-ui,sans-serif;background:var(--bg);color:var(--fg);max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{margin-top:2.5rem;border-bottom:1px solid var(--line);padding-bottom:.2rem}h3{margin-top:1.8rem}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.92rem;margin:.8rem 0}
th,td{padding:.3rem .7rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;overflow-wrap:break-word}
th{background:var(--mark);white-space:nowrap}td.n,th.n{text-align:right;white-space:nowrap}.grey{color:var(--dim)}
figure{margin:1.2rem 0;background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.6rem}
figure img{width:100%;height:auto;display:block}figcaption{color:#57606a;font-size:.9rem;padding:.3rem .2rem}
figure svg{width:100%;height:auto;display:block;touch-action:pan-y}figure[data-curves]{background:var(--mark)}figure[data-curves] figcaption,output{color:var(--dim)}
svg text{font:13px system-ui,sans-serif;fill:var(--dim)}.grid{stroke:var(--line)}.pointer{stroke:var(--fg);stroke-dasharray:3 3}.curve{fill:none;stroke-width:2}.dashed{stroke-dasharray:6 4}
.c0{stroke:#d9730d}.c1{stroke:#3b82e0}.c2{stroke:#2a9d4a}.c3{stroke:#a04ad6}svg .n0{fill:#d9730d}svg .n1{fill:#3b82e0}svg .n2{fill:#2a9d4a}svg .n3{fill:#a04ad6}output{display:block;font-variant-numeric:tabular-nums;padding:.2rem}
th[role=button]{cursor:pointer}th[aria-sort=ascending]::after{content:" ↑"}th[aria-sort=descending]::after{content:" ↓"}input[type=search]{font:inherit;padding:.2rem .5rem}
pre{overflow-x:auto;background:var(--mark);padding:.6rem}@media print{:root{color-scheme:light;--bg:#fff;--fg:#1c2128;--dim:#57606a;--line:#d0d7de;--card:#fff;--mark:#f6f8fa}body{margin:0;max-width:none;font-size:11pt}input,output,.pointer{display:none}figure,tr{break-inside:avoid}h2,h3{break-after:avoid}.wide{overflow:visible}table{font-size:.75rem}th,td{padding:.2rem .35rem}}
.answer{font-size:1.12rem;border-left:4px solid #1f6fd6;padding:.4rem .9rem;background:var(--mark)}.todo{border-color:#2a8c4a}`

func (d *document) html() string {
	var b strings.Builder
	fmt.Fprintf(&b, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n<title>%s</title>\n<style>%s</style></head><body>\n<h1>%s</h1>\n",
		html.EscapeString(d.title), style, html.EscapeString(d.title))
	for _, x := range d.blocks {
		text := html.EscapeString(x.text)
		switch x.kind {
		case "h2", "h3":
			fmt.Fprintf(&b, "<%s>%s</%s>\n", x.kind, text, x.kind)
		case "p":
			fmt.Fprintf(&b, "<p>%s</p>\n", text)
		case "strong":
			fmt.Fprintf(&b, "<p class=\"answer\">%s</p>\n", text)
		case "todo":
			fmt.Fprintf(&b, "<p class=\"answer todo\">%s</p>\n", text)
		case "list":
			b.WriteString("<ul>\n")
			for _, i := range x.items {
				fmt.Fprintf(&b, "<li>%s</li>\n", html.EscapeString(i))
			}
			b.WriteString("</ul>\n")
		case "table":
			x.table.html(&b)
		case "code":
			fmt.Fprintf(&b, "<pre>%s</pre>\n", text)
		case "curves":
			raw, err := json.Marshal(x.curves)
			if err != nil {
				continue // a value that is no number: the picture tells the same
			}
			fmt.Fprintf(&b, "<figure data-curves=\"%s\"><figcaption>%s</figcaption></figure>\n", html.EscapeString(string(raw)), text)
		case "picture":
			fmt.Fprintf(&b, "<figure><img alt=\"%s\" src=\"data:image/svg+xml;base64,%s\"><figcaption>%s</figcaption></figure>\n",
				html.EscapeString("plot: "+strings.ReplaceAll(x.picture.Name, "_", " ")), base64.StdEncoding.EncodeToString(x.picture.SVG), html.EscapeString(x.picture.Caption))
		}
	}
	fmt.Fprintf(&b, "<script>\n%s</script>\n</body></html>\n", script)
	return b.String()
}

func (t *table) html(b *strings.Builder) {
	class := make([]string, len(t.head))
	for i := range t.head {
		if t.numeric(i) {
			class[i] = ` class="n"`
		}
	}
	b.WriteString("<div class=\"wide\"><table>")
	if strings.Join(t.head, "") != "" {
		b.WriteString("<thead><tr>")
		for i, h := range t.head {
			fmt.Fprintf(b, "<th scope=\"col\"%s>%s</th>", class[i], html.EscapeString(h))
		}
		b.WriteString("</tr></thead>")
	}
	b.WriteString("<tbody>\n")
	for _, r := range t.rows {
		b.WriteString("<tr>")
		for i, c := range r {
			cell := html.EscapeString(c)
			if strings.HasPrefix(c, "(") && t.note != "" {
				cell = `<span class="grey">` + cell + "</span>"
			}
			fmt.Fprintf(b, "<td%s>%s</td>", class[i], cell)
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</tbody></table></div>\n")
	if t.bracketed() {
		fmt.Fprintf(b, "<p class=\"grey\">%s</p>\n", html.EscapeString(t.note))
	}
}
