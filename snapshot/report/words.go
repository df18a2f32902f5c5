package report

import "strings"

// WithoutPictures is a page of Markdown without its pictures and their captions,
// for where their files are not.
func WithoutPictures(markdown string) string {
	var out []string
	caption := false
	for part := range strings.SplitSeq(markdown, "\n\n") {
		picture := strings.HasPrefix(part, "![")
		if !picture && !caption {
			out = append(out, part)
		}
		caption = picture
	}
	return strings.Join(out, "\n\n")
}
