package tokens

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dlclark/regexp2"
)

// gpt2 is the pattern of a ByteLevel pre-tokenizer.
const gpt2 = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

type file struct {
	Added  []addedToken `json:"added_tokens"`
	Normal *step        `json:"normalizer"`
	Pre    *step        `json:"pre_tokenizer"`
	Post   *step        `json:"post_processor"`
	Model  struct {
		Type    string            `json:"type"`
		Vocab   json.RawMessage   `json:"vocab"`
		Merges  []json.RawMessage `json:"merges"`
		Dropout *float64          `json:"dropout"`
		Prefix  string            `json:"continuing_subword_prefix"`
		Suffix  string            `json:"end_of_word_suffix"`
		Bytes   bool              `json:"byte_fallback"`
		Whole   bool              `json:"ignore_merges"`
	} `json:"model"`
}

type addedToken struct {
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
}

// plain reports why a token that stands in a text cannot be counted as itself.
func (t *addedToken) plain(nfc bool) error {
	if t.SingleWord || t.LStrip || t.RStrip || t.Normalized && nfc {
		return fmt.Errorf("the text has the added token %s, which takes what is around it", t.Content)
	}
	return nil
}

// step is a normalizer, a pre-tokenizer or a post-processor.
type step struct {
	Type        string `json:"type"`
	Normalizers []step `json:"normalizers"`
	Pres        []step `json:"pretokenizers"`
	Processors  []step `json:"processors"`
	Pattern     struct {
		Regex string `json:"Regex"`
	} `json:"pattern"`
	Behavior string `json:"behavior"`
	Invert   bool   `json:"invert"`
	Prefix   *bool  `json:"add_prefix_space"`
	UseRegex *bool  `json:"use_regex"`
	Single   []struct {
		Special *struct {
			ID string `json:"id"`
		} `json:"SpecialToken"`
	} `json:"single"`
	Specials map[string]struct {
		IDs []int `json:"ids"`
	} `json:"special_tokens"`
}

func parse(b []byte) (*Counter, error) {
	var f file
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, err
	}
	m := f.Model
	switch {
	case m.Type != "BPE":
		return nil, fmt.Errorf("the model is %q; only byte-level BPE is known", m.Type)
	case m.Dropout != nil && *m.Dropout != 0, m.Prefix != "", m.Suffix != "", m.Bytes:
		return nil, errors.New("dropout, byte_fallback, a subword prefix or suffix: only byte-level BPE without them is known")
	}
	c := &Counter{whole: m.Whole, added: f.Added}
	c.added = slices.DeleteFunc(c.added, func(t addedToken) bool { return t.Content == "" })
	slices.SortStableFunc(c.added, func(a, b addedToken) int { return cmp.Compare(len(b.Content), len(a.Content)) })
	if err := errors.Join(c.normalizer(f.Normal), c.preTokenizer(f.Pre), c.postProcessor(f.Post)); err != nil {
		return nil, err
	}
	return c, c.vocabulary(m.Vocab, m.Merges)
}

func (c *Counter) normalizer(s *step) error {
	switch {
	case s == nil:
		return nil
	case s.Type == "NFC":
		c.nfc = true
		return nil
	case s.Type == "Sequence":
		for i := range s.Normalizers {
			if err := c.normalizer(&s.Normalizers[i]); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("normalizer %s is not known", s.Type)
}

// preTokenizer takes patterns in order; ByteLevel must be the last step.
func (c *Counter) preTokenizer(s *step) error {
	if s == nil {
		return errors.New("there is no pre-tokenizer; only byte-level BPE is known")
	}
	steps := []step{*s}
	if s.Type == "Sequence" {
		steps = s.Pres
	}
	for i, p := range steps {
		last := i == len(steps)-1
		switch {
		case last && p.Type == "ByteLevel":
			c.prefix = p.Prefix == nil || *p.Prefix
			if c.prefix && i > 0 {
				return errors.New("add_prefix_space after another pre-tokenizer is not known")
			}
			if p.UseRegex != nil && !*p.UseRegex {
				if c.prefix {
					return errors.New("add_prefix_space without a pattern is not known")
				}
				return nil
			}
			return c.pattern(gpt2)
		case !last && p.Type == "Split" && p.Behavior == "Isolated" && !p.Invert && p.Pattern.Regex != "":
			if err := c.pattern(p.Pattern.Regex); err != nil {
				return err
			}
		default:
			return fmt.Errorf("pre-tokenizer %s %s is not known: want Split by a pattern, Isolated, and ByteLevel last", p.Type, p.Behavior)
		}
	}
	return errors.New("the pre-tokenizer has no steps")
}

func (c *Counter) pattern(p string) error {
	re, err := regexp2.Compile(p, regexp2.None)
	if err != nil {
		return fmt.Errorf("pre-tokenizer: %w", err)
	}
	re.MatchTimeout = patternTime
	c.split = append(c.split, re)
	return nil
}

func (c *Counter) postProcessor(s *step) error {
	switch {
	case s == nil || s.Type == "ByteLevel":
		return nil
	case s.Type == "RobertaProcessing" || s.Type == "BertProcessing":
		c.special += 2
		return nil
	case s.Type == "TemplateProcessing":
		for _, piece := range s.Single {
			if piece.Special != nil {
				c.special += len(s.Specials[piece.Special.ID].IDs)
			}
		}
		return nil
	case s.Type == "Sequence":
		for i := range s.Processors {
			if err := c.postProcessor(&s.Processors[i]); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("post-processor %s is not known", s.Type)
}

// vocabulary makes the model of a vocabulary (token to id) and its merges, of
// which each is "left right" or ["left", "right"].
func (c *Counter) vocabulary(vocab json.RawMessage, merges []json.RawMessage) error {
	if err := json.Unmarshal(vocab, &c.vocab); err != nil {
		return fmt.Errorf("vocabulary: %w", err)
	}
	for b := range 256 {
		if _, ok := c.vocab[string(runeOf[b])]; !ok {
			return fmt.Errorf("the vocabulary has no token for byte %d; only byte-level BPE is known", b)
		}
	}
	c.merges = make(map[[2]int]merged, len(merges))
	for rank, raw := range merges {
		left, right, err := pairOf(raw)
		if err != nil {
			return fmt.Errorf("merge %d: %w", rank, err)
		}
		l, lok := c.vocab[left]
		r, rok := c.vocab[right]
		id, ok := c.vocab[left+right]
		if !lok || !rok || !ok {
			return fmt.Errorf("merge %d: %q and %q or what they make is not in the vocabulary", rank, left, right)
		}
		c.merges[[2]int{l, r}] = merged{rank, id}
	}
	return nil
}

func pairOf(raw json.RawMessage) (left, right string, err error) {
	var pair []string
	if err := json.Unmarshal(raw, &pair); err == nil && len(pair) == 2 {
		return pair[0], pair[1], nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", "", errors.New("it is neither a text nor a pair")
	}
	left, right, ok := strings.Cut(s, " ")
	if !ok || strings.Contains(right, " ") {
		return "", "", fmt.Errorf("%q is not two tokens", s)
	}
	return left, right, nil
}

// runeOf is how byte-level vocabularies write a byte: printable Latin-1 as it
// is, the others in order from U+0100.
var runeOf = func() (out [256]rune) {
	next := rune(256)
	for b := range rune(256) {
		if b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae {
			out[b] = b
			continue
		}
		out[b] = next
		next++
	}
	return out
}()

// visible writes a text as byte-level vocabularies do.
func visible(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(runeOf[s[i]])
	}
	return b.String()
}
