package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Files of conversations, as ShareGPT's: a JSON array, or lines, of
//
//	{"id": …, "conversations": [{"from": "human", "value": …}, {"from": "gpt", "value": …}, …]}
//
// Of each the first question and its answer are a request, as serving
// benchmarks take it. The files hold texts and no lengths: a token is taken as
// four bytes, about what byte-pair encodings make of English. The texts
// themselves are not used.

const bytesAToken = 4

// maxConversation bounds one of them in bytes.
const maxConversation = 16 << 20

type turn struct {
	From  string `json:"from"`
	Value string `json:"value"`
}

var questioners, answerers = []string{"human", "user"}, []string{"gpt", "chatgpt", "assistant", "bing", "bard"}

// conversationOf reads one; ok is false where nothing is asked and answered.
func conversationOf(raw []byte) (row TrafficRow, ok bool) {
	var c struct {
		Turns []turn `json:"conversations"`
	}
	if json.Unmarshal(raw, &c) != nil {
		return row, false
	}
	for i := 1; i < len(c.Turns); i++ {
		q, a := c.Turns[i-1], c.Turns[i]
		if slices.Contains(questioners, q.From) && slices.Contains(answerers, a.From) && q.Value != "" && a.Value != "" {
			return TrafficRow{Tokens: tokensOf(q.Value), NewTokens: tokensOf(a.Value)}, true
		}
	}
	return row, false
}

func tokensOf(text string) int { return (len(text) + bytesAToken - 1) / bytesAToken }

// boundedParts refuses to read more than left bytes; whoever reads sets it
// anew with each part.
type boundedParts struct {
	r    io.Reader
	left int
}

func (b *boundedParts) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("a conversation is longer than %d bytes", maxConversation)
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// trafficConversations reads an array of them.
func trafficConversations(r io.Reader) (rows trafficRows, err error) {
	in := &boundedParts{r: r, left: maxConversation}
	dec := json.NewDecoder(in)
	if _, err := dec.Token(); err != nil { // the bracket
		return nil, err
	}
	n := 0
	for ; dec.More(); n++ {
		var raw json.RawMessage
		in.left = maxConversation
		if err := dec.Decode(&raw); err != nil {
			return nil, fmt.Errorf("conversation %d: %w", n+1, err)
		}
		if row, ok := conversationOf(raw); ok {
			if err := rows.add(row); err != nil {
				return nil, err
			}
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, fmt.Errorf("after conversation %d: %w", n, err)
	}
	if n > 0 && len(rows) == 0 {
		return nil, errors.New("a JSON array, but no conversation with a question and an answer in it")
	}
	return rows, nil
}
