package protocol

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// appendRequest appends r as encoding/json would: requests are what is sent for
// every sample or two.
func appendRequest(dst []byte, r *Request) []byte {
	dst = append(dst, `{"t":"req"`...)
	dst = strconv.AppendUint(appendKey(dst, "id"), r.ID, 10)
	dst = appendText(dst, "mode", r.Mode)
	dst = strconv.AppendInt(appendKey(dst, "batch"), int64(r.Batch), 10)
	dst = strconv.AppendInt(appendKey(dst, "tokens"), int64(r.Tokens), 10)
	dst = appendInts(appendKey(dst, "exec"), r.Exec[:])
	dst = appendNonZero(dst, "new_tokens", int64(r.NewTokens))
	dst = appendQuoted(append(appendKey(dst, "strategy"), `{"prefill":`...), r.Strategy.Prefill)
	dst = append(appendText(dst, "decode", r.Strategy.Decode), '}')
	dst = appendTexts(appendKey(dst, "order"), r.Order)
	dst = appendTrue(dst, "together", r.Together)
	dst = appendTrue(dst, "aa", r.AA)
	dst = strconv.AppendUint(appendKey(dst, "seed"), r.Seed, 10)
	dst = appendColumn(dst, "ids", r.IDs)
	dst = appendDims(dst, r.Dims)
	dst = appendNonZero(dst, "recorded", int64(r.Recorded))
	dst = appendNonZero(dst, "due_ns", r.DueNs)
	return append(appendTrue(dst, "warmup", r.Warmup), '}')
}

func appendNonZero(dst []byte, key string, n int64) []byte {
	if n == 0 {
		return dst
	}
	return strconv.AppendInt(appendKey(dst, key), n, 10)
}

func appendTrue(dst []byte, key string, v bool) []byte {
	if !v {
		return dst
	}
	return append(appendKey(dst, key), "true"...)
}

func appendTexts(dst []byte, v []string) []byte {
	if v == nil {
		return append(dst, "null"...)
	}
	dst = append(dst, '[')
	for i, s := range v {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendQuoted(dst, s)
	}
	return append(dst, ']')
}

func appendDims(dst []byte, dims map[string]int) []byte {
	if len(dims) == 0 {
		return dst
	}
	dst = append(appendKey(dst, "dims"), '{')
	for i, name := range slices.Sorted(maps.Keys(dims)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(append(appendQuoted(dst, name), ':'), int64(dims[name]), 10)
	}
	return append(dst, '}')
}

// appendQuoted appends s as JSON. Most of what is sent is a word.
func appendQuoted(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			text, _ := json.Marshal(s) // a string cannot fail
			return append(dst, text...)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}
