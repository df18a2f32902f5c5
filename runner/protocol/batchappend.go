package protocol

import "strconv"

// appendBatch appends b as JSON without a newline. Columns that are empty are
// left out, but for those that every batch has.
func appendBatch(dst []byte, b *Batch) []byte {
	dst = append(dst, `{"t":"batch"`...)
	dst = appendText(dst, "lane", b.Lane)
	dst = appendText(dst, "mode", b.Mode)
	dst = appendText(dst, "strategy", b.Strategy)
	dst = appendText(dst, "shape", b.Shape)
	dst = appendText(dst, "backend", b.Backend)
	if b.Scenario != "" {
		dst = appendText(dst, "scenario", b.Scenario)
	}
	dst = appendInts(appendKey(dst, "request"), b.Request)
	dst = appendInts(appendKey(dst, "order"), b.Order)
	dst = appendInts(appendKey(dst, "start_ns"), b.StartNs)
	dst = appendInts(appendKey(dst, "wall_ns"), b.WallNs)
	dst = appendColumn(dst, "device_ns", b.DeviceNs)
	dst = appendColumn(dst, "compile_ns", b.CompileNs)
	dst = appendColumn(dst, "ttft_ns", b.TTFTNs)
	dst = appendColumn(dst, "executed_tokens", b.ExecutedTokens)
	dst = appendColumn(dst, "kv_tokens", b.KVTokens)
	dst = appendColumn(dst, "run_delay_ns", b.RunDelayNs)
	dst = appendColumn(dst, "minflt", b.MinFlt)
	dst = appendColumn(dst, "majflt", b.MajFlt)
	dst = appendColumn(dst, "nivcsw", b.NIvCSw)
	for _, c := range Further {
		dst = appendColumn(dst, c.Wire, b.Further[c.Wire])
	}
	dst = appendLists(dst, "steps_ns", b.StepsNs)
	dst = appendLists(dst, "steps_kv", b.StepsKV)
	if len(b.Error) > 0 {
		dst = appendTexts(appendKey(dst, "error"), b.Error)
	}
	return append(dst, '}')
}

func appendKey(dst []byte, key string) []byte {
	return append(append(append(dst, `,"`...), key...), `":`...)
}

func appendText(dst []byte, key, value string) []byte {
	return appendQuoted(appendKey(dst, key), value)
}

func appendColumn[T int | int64 | uint64](dst []byte, key string, v []T) []byte {
	if len(v) == 0 {
		return dst
	}
	return appendInts(appendKey(dst, key), v)
}

func appendInts[T int | int64 | uint64](dst []byte, v []T) []byte {
	dst = append(dst, '[')
	for i, n := range v {
		if i > 0 {
			dst = append(dst, ',')
		}
		switch {
		case uint64(n) < 10: // orders, and most counts
			dst = append(dst, '0'+byte(n))
		case n < 0:
			dst = strconv.AppendInt(dst, int64(n), 10)
		default:
			dst = strconv.AppendUint(dst, uint64(n), 10)
		}
	}
	return append(dst, ']')
}

func appendLists[T int | int64 | uint64](dst []byte, key string, v [][]T) []byte {
	if len(v) == 0 {
		return dst
	}
	dst = append(appendKey(dst, key), '[')
	for i, row := range v {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendInts(dst, row)
	}
	return append(dst, ']')
}
