package openai

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/plain"
)

// reply is one streamed answer. Instants are CLOCK_MONOTONIC, nanoseconds.
type reply struct {
	startNs, endNs int64
	contentNs      []int64 // when each chunk with content arrived
	prompt, tokens int     // what usage says; -1: it says nothing
	finish         string
	err            string // "": the stream came to its end
	firstByteNs    int64
}

// maxLine bounds a line of a stream.
const maxLine = 4 << 20

// post sends a body and reads the streamed answer to its end.
func (s *Server) post(ctx context.Context, path string, body any) reply {
	r := reply{prompt: -1, tokens: -1}
	data, err := json.Marshal(body)
	if err != nil {
		r.err = err.Error()
		return r
	}
	var conn atomic.Pointer[stamped]
	req, err := http.NewRequestWithContext(connOf(ctx, &conn), http.MethodPost, s.URL+path, bytes.NewReader(data))
	if err != nil {
		r.err = err.Error()
		return r
	}
	s.dress(req)
	req.Header.Set("Accept", "text/event-stream")
	r.startNs = clock.Monotonic()
	resp, err := s.http.Do(req)
	if err != nil {
		r.endNs = clock.Monotonic()
		r.err = plainError(err)
		return r
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
		r.endNs = clock.Monotonic()
		r.err = fmt.Sprintf("HTTP %d: %s", resp.StatusCode, sentence(text))
		return r
	}
	c := conn.Load()
	if c != nil {
		if t := c.wroteNs.Load(); t > r.startNs {
			r.startNs = t
		}
	}
	r.read(resp.Body, c)
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16)) // to the end, so that the connection lives on
	return r
}

// sentence is the message of an error body, or its first line.
func sentence(body []byte) string {
	var e struct {
		Message string `json:"message"`
		Error   struct {
			Message string `json:"message"`
		} `json:"error"`
		Detail any `json:"detail"`
	}
	s := strings.TrimSpace(string(body))
	if json.Unmarshal(body, &e) == nil {
		switch {
		case e.Error.Message != "":
			s = e.Error.Message
		case e.Message != "":
			s = e.Message
		case e.Detail != nil:
			s = fmt.Sprint(e.Detail)
		}
	}
	s, _, _ = strings.Cut(strings.ToValidUTF8(s, "�"), "\n")
	return plain.Clip(s, 300)
}

// plainError is an error without the URL around it.
func plainError(err error) string {
	for u := errors.Unwrap(err); u != nil; u = errors.Unwrap(u) {
		err = u
	}
	return err.Error()
}

// chunk is what is read of a line of a stream: completions and chat.
type chunk struct {
	Choices []struct {
		Text  string `json:"text"`
		Delta struct {
			Content          string `json:"content"`
			Reasoning        string `json:"reasoning"`
			ReasoningContent string `json:"reasoning_content"`
		} `json:"delta"`
		FinishReason *string `json:"finish_reason"`
	} `json:"choices"`
	Usage *struct {
		PromptTokens     int `json:"prompt_tokens"`
		CompletionTokens int `json:"completion_tokens"`
	} `json:"usage"`
	Error *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// read takes server-sent events until [DONE] or the end. A chunk's time is
// that of the read of the connection which brought its first line, before
// anything is decoded; conn is nil where that is not known.
func (r *reply) read(body io.Reader, conn *stamped) {
	br := bufio.NewReaderSize(body, 64<<10)
	done := false
	for !done {
		line, err := br.ReadSlice('\n')
		t := clock.Monotonic()
		if conn != nil {
			t = conn.readNs.Load()
		}
		if r.firstByteNs == 0 && len(line) > 0 {
			r.firstByteNs = t
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			line, err = longLine(br, line)
		}
		r.endNs = t
		if data, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("data:")); ok && (err == nil || len(data) > 0) {
			done = r.take(bytes.TrimSpace(data), t)
		}
		if err != nil {
			if !done && r.err == "" && !(errors.Is(err, io.EOF) && r.finish != "") {
				r.err = fmt.Sprintf("the stream was cut after %d chunks: %s", len(r.contentNs), plainError(err))
			}
			return
		}
	}
}

// longLine completes a line that did not fit into the buffer.
func longLine(br *bufio.Reader, begin []byte) ([]byte, error) {
	line := bytes.Clone(begin)
	for len(line) < maxLine {
		more, err := br.ReadSlice('\n')
		line = append(line, more...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
	return nil, errors.New("a line of the stream is longer than 4 MiB")
}

// take handles the data of one event and reports whether it was the last.
func (r *reply) take(data []byte, t int64) bool {
	if string(data) == "[DONE]" {
		return true
	}
	var c chunk
	if err := json.Unmarshal(data, &c); err != nil {
		r.err = "a chunk is not JSON: " + err.Error()
		return false
	}
	if c.Error != nil {
		r.err = "the server says in its stream: " + c.Error.Message
	}
	if c.Usage != nil {
		r.prompt, r.tokens = c.Usage.PromptTokens, c.Usage.CompletionTokens
	}
	for _, ch := range c.Choices {
		if ch.Text != "" || ch.Delta.Content != "" || ch.Delta.Reasoning != "" || ch.Delta.ReasoningContent != "" {
			r.contentNs = append(r.contentNs, t)
		}
		if ch.FinishReason != nil && *ch.FinishReason != "" {
			r.finish = *ch.FinishReason
		}
	}
	return false
}

// gaps are the times between chunks with content.
func (r *reply) gaps() []int64 {
	if len(r.contentNs) < 2 {
		return nil
	}
	g := make([]int64, len(r.contentNs)-1)
	for i := range g {
		g[i] = r.contentNs[i+1] - r.contentNs[i]
	}
	return g
}

// ttft is the time to the first chunk with content, -1 without one.
func (r *reply) ttft() int64 {
	if len(r.contentNs) == 0 {
		return -1
	}
	return r.contentNs[0] - r.startNs
}
