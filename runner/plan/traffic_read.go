package plan

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tailscope/tailscope/configs/regular"
)

// maxTraffic bounds the arrivals read from a file, so that a wrong file
// cannot take all memory.
const maxTraffic = 10_000_000

// trafficNames are the column names that are understood, lower case: our own
// first, then those of public traces of LLM services.
var trafficNames = map[string]string{
	"arrival_s": "s", "arrival": "s", "arrived_at": "s", "timestamp": "time", "time": "time", "arrival_ms": "ms", "timestamp_ms": "ms",
	"prompt_tokens": "in", "tokens": "in", "contexttokens": "in", "num_prefill_tokens": "in", "input_length": "in", "request tokens": "in", "prompt_len": "in", "input_tokens": "in",
	"new_tokens": "out", "generatedtokens": "out", "num_decode_tokens": "out", "output_length": "out", "response tokens": "out", "output_len": "out", "output_tokens": "out",
}

// ReadTraffic reads arrivals from a CSV file with a header or a JSONL file:
// arrival time, prompt tokens, new tokens; or from conversations as ShareGPT's.
// With timed they must have times. Errors name file and line.
func ReadTraffic(path string, timed bool) ([]TrafficRow, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read traffic: %w", err)
	}
	defer f.Close()
	rows, err := parseTraffic(f)
	if err == nil && timed && len(rows) > 1 && rows[len(rows)-1].AtNs == 0 {
		err = errors.New("its requests have no times of arrival: leave out 'recorded', or give a rate")
	}
	if err != nil {
		return nil, fmt.Errorf("traffic file %s: %w", path, err)
	}
	return rows, nil
}

// maxTrafficLine bounds a line in bytes.
const maxTrafficLine = 1 << 20

// boundedLines refuses a line beyond max bytes, so that no reader of lines
// behind it takes more memory than that.
type boundedLines struct {
	r    io.Reader
	max  int
	line int // bytes of the line so far
}

func (b *boundedLines) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	for rest := p[:n]; len(rest) > 0; {
		i := bytes.IndexByte(rest, '\n')
		if b.line += len(rest); i >= 0 {
			b.line, rest = 0, rest[i+1:]
			continue
		}
		if b.line > b.max {
			return 0, fmt.Errorf("a line is longer than %d bytes", b.max)
		}
		break
	}
	return n, err
}

// parseTraffic tells the formats apart by the first byte.
func parseTraffic(r io.Reader) ([]TrafficRow, error) {
	whole := bufio.NewReaderSize(r, 64<<10)
	head, _ := whole.Peek(64)
	lines := &boundedLines{r: whole, max: maxTrafficLine}
	var rows []TrafficRow
	var err error
	switch head = bytes.TrimLeft(head, " \t\r\n\ufeff"); {
	case bytes.HasPrefix(head, []byte("[")):
		rows, err = trafficConversations(whole)
	case bytes.HasPrefix(head, []byte("{")):
		rows, err = trafficJSONL(lines)
	default:
		rows, err = trafficCSV(lines)
	}
	if err == nil && len(rows) == 0 {
		err = errors.New("no arrivals in it")
	}
	if err != nil {
		return nil, err
	}
	first := rows[0].AtNs
	for i := range rows {
		if rows[i].AtNs -= first; i > 0 && rows[i].AtNs < rows[i-1].AtNs {
			return nil, fmt.Errorf("arrival %d comes before the one above it", i+1)
		}
	}
	return rows, nil
}

func trafficCSV(r io.Reader) ([]TrafficRow, error) {
	cr := csv.NewReader(r)
	cr.ReuseRecord, cr.FieldsPerRecord = true, 0
	head, err := cr.Read()
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	cols := make([]string, len(head))
	for i, h := range head {
		cols[i] = strings.TrimPrefix(strings.TrimSpace(h), "\ufeff")
	}
	var rows []TrafficRow
	for line := 2; ; line++ {
		rec, err := cr.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		fields := make(map[string]string, len(cols))
		for i, c := range cols {
			fields[c] = rec[i]
		}
		row, err := trafficRow(fields)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if rows = append(rows, row); len(rows) > maxTraffic {
			return nil, fmt.Errorf("more than %d arrivals", maxTraffic)
		}
	}
}

func trafficJSONL(r io.Reader) ([]TrafficRow, error) {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 64<<10), 1<<20)
	var rows []TrafficRow
	for line := 1; sc.Scan(); line++ {
		if len(bytes.TrimSpace(sc.Bytes())) == 0 {
			continue
		}
		var obj map[string]any
		dec := json.NewDecoder(bytes.NewReader(sc.Bytes()))
		dec.UseNumber()
		if err := dec.Decode(&obj); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if obj["conversations"] != nil {
			if row, ok := conversationOf(sc.Bytes()); ok {
				rows = append(rows, row)
			}
			continue
		}
		fields := make(map[string]string, len(obj))
		for k, v := range obj {
			fields[k] = fmt.Sprint(v)
		}
		row, err := trafficRow(fields)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if rows = append(rows, row); len(rows) > maxTraffic {
			return nil, fmt.Errorf("more than %d arrivals", maxTraffic)
		}
	}
	return rows, sc.Err()
}

// trafficRow reads one arrival from its named fields.
func trafficRow(fields map[string]string) (TrafficRow, error) {
	row := TrafficRow{}
	seen := false
	for name, v := range fields {
		v = strings.TrimSpace(v)
		switch unit := trafficNames[strings.ToLower(name)]; unit {
		case "s", "ms", "time":
			if _, mooncake := fields["hash_ids"]; mooncake && unit == "time" {
				unit = "ms" // Mooncake's traces count milliseconds
			}
			ns, err := arrival(v, unit)
			if err != nil {
				return row, fmt.Errorf("%s: %w", name, err)
			}
			row.AtNs = ns
		case "in":
			n, err := positive(v)
			if err != nil {
				return row, fmt.Errorf("%s: %w", name, err)
			}
			row.Tokens, seen = n, true
		case "out":
			n, err := positive(v)
			if err != nil && v != "0" {
				return row, fmt.Errorf("%s: %w", name, err)
			}
			row.NewTokens = n
		}
	}
	if !seen {
		return row, errors.New("no column of prompt lengths: want prompt_tokens, ContextTokens, input_length or num_prefill_tokens")
	}
	return row, nil
}

// arrival reads a time as seconds, milliseconds or a wall-clock instant.
func arrival(v, unit string) (int64, error) {
	x, err := strconv.ParseFloat(v, 64)
	if err != nil {
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999"} {
			if t, terr := time.Parse(layout, v); terr == nil {
				return t.UnixNano(), nil
			}
		}
		return 0, fmt.Errorf("%q is not a time", v)
	}
	scale := 1e9
	if unit == "ms" {
		scale = 1e6
	}
	if x *= scale; math.IsNaN(x) || math.Abs(x) > 9e18 {
		return 0, fmt.Errorf("%q is out of range", v)
	}
	return int64(x), nil
}

func positive(v string) (int, error) {
	x, err := strconv.ParseFloat(v, 64)
	if err != nil || x < 1 || x > 1<<24 || x != math.Trunc(x) {
		return 0, fmt.Errorf("%q is not a number of tokens from 1 to %d", v, 1<<24)
	}
	return int(x), nil
}
