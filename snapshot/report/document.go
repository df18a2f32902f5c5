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

// texts are how blocks of text alone print.
var texts = map[string]struct{ markdown, html string }{
	"h2":     {"## %s\n\n", "<h2>%s</h2>\n"},
	"h3":     {"### %s\n\n", "<h3>%s</h3>\n"},
	"p":      {"%s\n\n", "<p>%s</p>\n"},
	"strong": {"**%s**\n\n", "<p class=\"answer\">%s</p>\n"},
	"todo":   {"**%s**\n\n", "<p class=\"answer todo\">%s</p>\n"},
	"code":   {"    %s\n\n", "<pre>%s</pre>\n"},
}

// curve is latency over quantiles, drawn by the page's script.
type curve struct {
	Name string    `json:"name"`
	Q    []float64 `json:"q"`
	Ms   []float64 `json:"ms"`
}

// table is text cells under a head; numbers are aligned right in HTML.
type table struct {
	head  []string
	rows  [][]string
	note  string // on cells in parentheses
	after string // stands below
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
		case "h2", "h3", "p", "strong", "todo":
			fmt.Fprintf(&b, texts[x.kind].markdown, mdText(x.text))
		case "code":
			fmt.Fprintf(&b, texts[x.kind].markdown, plain.Line(x.text)) // nothing in it is markup
		case "list":
			for _, i := range x.items {
				fmt.Fprintf(&b, "- %s\n", mdText(i))
			}
			b.WriteString("\n")
		case "table":
			x.table.markdown(&b)
		case "picture":
			fmt.Fprintf(&b, "![%s](%s/%s.svg)\n\n%s\n\n", mdText(x.picture.Alt()), x.dir, x.picture.Name, mdText(x.picture.Caption))
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
	for _, r := range t.rows[:min(len(t.rows), mdRows)] {
		row(r)
	}
	b.WriteString("\n")
	if t.bracketed() {
		fmt.Fprintf(b, "%s\n\n", t.note)
	}
	if n := len(t.rows) - mdRows; n > 0 {
		fmt.Fprintf(b, "%d more rows are in the .html file.\n\n", n)
	}
	if t.after != "" {
		fmt.Fprintf(b, "%s\n\n", mdText(t.after))
	}
}

// mdRows are what a table has in Markdown, which people read in a pull request.
const mdRows = 24

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

// style is the whole look.
//
//go:embed report.css
var style string

func (d *document) html() string {
	var b strings.Builder
	fmt.Fprintf(&b, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n<title>%s</title>\n<style>%s</style></head><body><main>\n<h1>%s</h1>\n",
		html.EscapeString(d.title), style, html.EscapeString(d.title))
	heading := d.title
	for i, x := range d.blocks {
		text := html.EscapeString(x.text)
		switch x.kind {
		case "h2", "h3":
			heading = x.text
			fallthrough
		case "p", "strong", "todo", "code":
			fmt.Fprintf(&b, texts[x.kind].html, text)
		case "list":
			b.WriteString("<ul>\n")
			for _, i := range x.items {
				fmt.Fprintf(&b, "<li>%s</li>\n", html.EscapeString(i))
			}
			b.WriteString("</ul>\n")
		case "table":
			x.table.html(&b, heading)
		case "curves":
			raw, err := json.Marshal(x.curves)
			if err != nil {
				continue // a value that is no number: the picture tells the same
			}
			fmt.Fprintf(&b, "<figure data-curves=\"%s\"><figcaption>%s</figcaption></figure>\n", html.EscapeString(string(raw)), text)
		case "picture":
			if i == 0 || d.blocks[i-1].kind != "picture" {
				b.WriteString("<div class=\"figures\">\n")
			}
			fmt.Fprintf(&b, "<figure><img alt=\"%s\" src=\"data:image/svg+xml;base64,%s\"><figcaption>%s</figcaption></figure>\n",
				html.EscapeString(x.picture.Alt()), base64.StdEncoding.EncodeToString(x.picture.SVG), html.EscapeString(x.picture.Caption))
			if i+1 == len(d.blocks) || d.blocks[i+1].kind != "picture" {
				b.WriteString("</div>\n")
			}
		}
	}
	fmt.Fprintf(&b, "</main><script>\n%s</script>\n</body></html>\n", script)
	return b.String()
}

func (t *table) html(b *strings.Builder, about string) {
	class := make([]string, len(t.head))
	for i := range t.head {
		if t.numeric(i) {
			class[i] = ` class="n"`
		}
	}
	fmt.Fprintf(b, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"%s\"><table>", html.EscapeString("table: "+about))
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
	if t.after != "" {
		fmt.Fprintf(b, "<p class=\"grey\">%s</p>\n", html.EscapeString(t.after))
	}
}
