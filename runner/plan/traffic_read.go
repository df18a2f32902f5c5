package plan

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tailscope/tailscope/configs/regular"
)

// maxTraffic bounds the arrivals read from a file, so that a wrong file
// cannot take all memory.
const maxTraffic = 10_000_000

// The column names that are understood, lower case: our own first, then those
// of public traces of LLM services. Where a file has several of one meaning the
// first of these counts.
var (
	arrivalNames = []string{"arrival_s", "arrival", "arrived_at", "timestamp", "time", "arrival_ms", "timestamp_ms"}
	promptNames  = []string{"prompt_tokens", "tokens", "contexttokens", "num_prefill_tokens", "input_length", "request tokens", "prompt_len", "input_tokens"}
	answerNames  = []string{"new_tokens", "generatedtokens", "num_decode_tokens", "output_length", "response tokens", "output_len", "output_tokens"}
)

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
	var rows trafficRows
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

// trafficRows are arrivals as they are read.
type trafficRows []TrafficRow

func (t *trafficRows) add(row TrafficRow) error {
	if *t = append(*t, row); len(*t) > maxTraffic {
		return fmt.Errorf("more than %d arrivals", maxTraffic)
	}
	return nil
}

func trafficCSV(r io.Reader) (rows trafficRows, err error) {
	cr := csv.NewReader(r)
	cr.ReuseRecord, cr.FieldsPerRecord = true, 0
	head, err := cr.Read()
	if errors.Is(err, io.EOF) {
		return nil, nil // of an empty file the caller says that there are no arrivals
	}
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	cols := make([]string, len(head))
	for i, h := range head {
		cols[i] = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(h), "\ufeff"))
	}
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
		if err = cmp.Or(err, rows.add(row)); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
}

func trafficJSONL(r io.Reader) (rows trafficRows, err error) {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 64<<10), maxTrafficLine)
	for line := 1; sc.Scan(); line++ {
		if len(bytes.TrimSpace(sc.Bytes())) == 0 {
			continue
		}
		row, ok, err := trafficObject(sc.Bytes())
		if ok && err == nil {
			err = rows.add(row)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
	return rows, sc.Err()
}

// trafficObject reads a line of JSON; ok is false for a conversation in which
// nothing is asked and answered.
func trafficObject(text []byte) (row TrafficRow, ok bool, err error) {
	var obj map[string]any
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&obj); err != nil {
		return row, false, err
	}
	if obj["conversations"] != nil {
		row, ok = conversationOf(text)
		return row, ok, nil
	}
	fields := make(map[string]string, len(obj))
	for _, k := range slices.Sorted(maps.Keys(obj)) {
		fields[strings.ToLower(k)] = fmt.Sprint(obj[k])
	}
	row, err = trafficRow(fields)
	return row, true, err
}

// trafficRow reads one arrival from its fields by their names in lower case.
func trafficRow(fields map[string]string) (row TrafficRow, err error) {
	if name, v := firstOf(fields, arrivalNames); name != "" {
		_, mooncake := fields["hash_ids"] // Mooncake's traces count milliseconds
		scale := 1e9
		if strings.HasSuffix(name, "_ms") || mooncake && (name == "timestamp" || name == "time") {
			scale = 1e6
		}
		if row.AtNs, err = arrival(v, scale); err != nil {
			return row, fmt.Errorf("%s: %w", name, err)
		}
	}
	name, v := firstOf(fields, promptNames)
	if name == "" {
		return row, errors.New("no column of prompt lengths: want prompt_tokens, ContextTokens, input_length or num_prefill_tokens")
	}
	if row.Tokens, err = positive(v); err != nil {
		return row, fmt.Errorf("%s: %w", name, err)
	}
	if name, v = firstOf(fields, answerNames); name != "" && v != "0" {
		if row.NewTokens, err = positive(v); err != nil {
			return row, fmt.Errorf("%s: %w", name, err)
		}
	}
	return row, nil
}

// firstOf is the first of these names that is there, "" for none, and its field.
func firstOf(fields map[string]string, names []string) (name, value string) {
	for _, name := range names {
		if v, ok := fields[name]; ok {
			return name, strings.TrimSpace(v)
		}
	}
	return "", ""
}

// arrival reads a time as a number, scale nanoseconds each, or a wall-clock instant.
func arrival(v string, scale float64) (int64, error) {
	x, err := strconv.ParseFloat(v, 64)
	if err != nil {
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999"} {
			if t, terr := time.Parse(layout, v); terr == nil {
				return t.UnixNano(), nil
			}
		}
		return 0, fmt.Errorf("%q is not a time", v)
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
