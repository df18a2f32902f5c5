package tokens

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
	"golang.org/x/text/unicode/norm"

	"github.com/tailscope/tailscope/configs/regular"
)

// Beside returns the path of the tokenizer.json beside a model (a file or a
// folder), or in the folder above where the model's folder is "onnx"; "" when
// there is none.
func Beside(model string) string {
	dir := model
	if st, err := os.Stat(model); err != nil {
		return ""
	} else if !st.IsDir() {
		dir = filepath.Dir(model)
	}
	dirs := []string{dir}
	if filepath.Base(dir) == "onnx" {
		dirs = append(dirs, filepath.Dir(dir))
	}
	for _, d := range dirs {
		p := filepath.Join(d, "tokenizer.json")
		if st, err := os.Stat(p); err == nil && st.Mode().IsRegular() {
			return p
		}
	}
	return ""
}

// Counter counts tokens as one tokenizer.json says. It is not for concurrent
// use.
type Counter struct {
	vocab   map[string]int
	merges  map[[2]int]merged // by the ids of the two
	whole   bool              // a word that stands in the vocabulary is not merged
	nfc     bool              // texts are composed first
	split   []*regexp2.Regexp // one after the other
	prefix  bool              // a part begins with a space
	added   []addedToken      // the longest first
	special int               // tokens that stand around every text
}

// Open reads a tokenizer.json. A file that this package cannot follow to the
// letter is an error that names what it asks for.
func Open(path string) (*Counter, error) {
	b, err := regular.ReadFile(path, maxFile)
	if err != nil {
		return nil, err
	}
	c, err := parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Bounds of what a stranger's tokenizer may take: bytes of its file, time of one
// match of a pattern, time of a text.
const (
	maxFile     = 256 << 20
	patternTime = 2 * time.Second
	textTime    = 20 * time.Second
)

var errSlow = fmt.Errorf("the tokenizer takes more than %v for a text", textTime)

// Count returns the length of text in tokens, with those that the tokenizer
// puts around every text (such as Llama's first one).
func (c *Counter) Count(text string) (int, error) {
	ids, err := c.encode(text)
	return len(ids) + c.special, err
}

// encode returns ids in the order of the vocabulary; an added token is -1.
func (c *Counter) encode(text string) (ids []int, err error) {
	end := time.Now().Add(textTime)
	if !utf8.ValidString(text) {
		return nil, errors.New("the text is not UTF-8")
	}
	for text != "" {
		at, tok := c.nextAdded(text)
		part := text[:at]
		if text = text[at:]; tok != nil {
			if err := tok.plain(c.nfc); err != nil {
				return nil, err
			}
			text = text[len(tok.Content):]
		}
		if time.Now().After(end) {
			return nil, errSlow
		}
		if ids, err = c.part(ids, part, end); err != nil {
			return nil, err
		}
		if tok != nil {
			ids = append(ids, -1)
		}
	}
	return ids, nil
}

// nextAdded finds the leftmost added token in text, the longest there; nil and
// the text's length when there is none.
func (c *Counter) nextAdded(text string) (at int, tok *addedToken) {
	at = len(text)
	for i := range c.added {
		if j := strings.Index(text[:min(len(text), at+len(c.added[i].Content))], c.added[i].Content); j >= 0 && j < at {
			at, tok = j, &c.added[i]
		}
	}
	return at, tok
}

// part appends the ids of a text without added tokens.
func (c *Counter) part(ids []int, text string, end time.Time) ([]int, error) {
	if text == "" {
		return ids, nil
	}
	if c.nfc {
		text = norm.NFC.String(text)
	}
	if c.prefix && !strings.HasPrefix(text, " ") {
		text = " " + text
	}
	words := []string{text}
	for _, re := range c.split {
		var next []string
		for _, w := range words {
			pieces, err := pieces(re, w, end)
			if err != nil {
				return nil, err
			}
			next = append(next, pieces...)
		}
		words = next
	}
	for _, w := range words {
		w = visible(w)
		if id, ok := c.vocab[w]; ok && c.whole {
			ids = append(ids, id)
			continue
		}
		var bytes []int
		for _, r := range w {
			bytes = append(bytes, c.vocab[string(r)])
		}
		ids = c.merge(ids, bytes)
	}
	return ids, nil
}

// pieces cuts s into what matches and what lies between.
func pieces(re *regexp2.Regexp, s string, until time.Time) (out []string, err error) {
	rs, end := []rune(s), 0
	m, err := re.FindRunesMatch(rs)
	for ; m != nil && err == nil; m, err = re.FindNextMatch(m) {
		if time.Now().After(until) {
			return nil, errSlow
		}
		if m.Index > end {
			out = append(out, string(rs[end:m.Index]))
		}
		if end = m.Index + m.Length; m.Length > 0 {
			out = append(out, m.String())
		}
	}
	if err != nil { // the library's sentence holds the whole text
		return nil, fmt.Errorf("the tokenizer's pattern %.80q finds no end within %v", re.String(), patternTime)
	}
	if end < len(rs) {
		out = append(out, string(rs[end:]))
	}
	return out, nil
}
