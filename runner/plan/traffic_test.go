package plan

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/protocol"
)

func TestTrafficFormats(t *testing.T) {
	want := []TrafficRow{{0, 10, 3}, {1_500_000_000, 20, 4}}
	for name, in := range map[string]string{
		"ours":  "arrival_s,prompt_tokens,new_tokens\n1,10,3\n2.5,20,4\n",
		"azure": "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.5,10,3\n2023-11-16 18:15:48.0,20,4\n",
		"jsonl": `{"timestamp": 7, "input_length": 10, "output_length": 3}` + "\n\n" + `{"timestamp": 8.5, "input_length": 20, "output_length": 4}` + "\n",
		"mooncake": `{"timestamp": 100, "input_length": 10, "output_length": 3, "hash_ids": [0, 1]}` + "\n" +
			`{"timestamp": 1600, "input_length": 20, "output_length": 4, "hash_ids": [0, 2]}` + "\n",
		"burstgpt": "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,ChatGPT,10,3,13,Conversation log\n6.5,GPT-4,20,4,24,API log\n",
		"ms":       "timestamp_ms,input_length,output_length\n100,10,3\n1600,20,4\n",
	} {
		got, err := parseTraffic(strings.NewReader(in))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestTrafficErrorsNameTheLine(t *testing.T) {
	for in, want := range map[string]string{
		"":                                    "no arrivals",
		"arrival_s,new_tokens\n1,2\n":         "line 2: no column of prompt lengths",
		"prompt_tokens\n5\nx\n":               `line 3: prompt_tokens: "x" is not a number of tokens`,
		"arrival_s,prompt_tokens\n2,5\n1,5\n": "arrival 2 comes before",
		"arrival_s,prompt_tokens\nnoon,5\n":   `"noon" is not a time`,
		`{"prompt_tokens": 5}` + "\n{\n":      "line 2",
		"prompt_tokens\n":                     "no arrivals",
		"[]":                                  "no arrivals",
		`[{"conversations": [{"from": "human", "value": "a"}]}]`: "no conversation with a question",
		`[{"conversations": [`: "conversation 1",
		`["text", 3]`:          "no conversation with a question",
	} {
		_, err := parseTraffic(strings.NewReader(in))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
}

// TestConversations takes the first question and its answer of each
// conversation; those without are passed over.
func TestConversations(t *testing.T) {
	said := func(turns ...string) string {
		var parts []string
		for i, text := range turns {
			parts = append(parts, fmt.Sprintf(`{"from": %q, "value": %q}`, []string{"human", "gpt"}[i%2], text))
		}
		return `{"id": "x_0", "conversations": [` + strings.Join(parts, ", ") + `]}`
	}
	all := []string{said(strings.Repeat("w", 40), "answer", "again", "more"), said("never answered"), said(), said("\u00fc\u00fc", strings.Repeat("a", 401))}
	all = append(all, `{"conversations": [{"from": "system", "value": "be brief"}, {"from": "user", "value": "hello"}, {"from": "chatgpt", "value": "hi"}]}`)
	want := []TrafficRow{{0, 10, 2}, {0, 1, 101}, {0, 2, 1}}
	for name, in := range map[string]string{"array": "[\n" + strings.Join(all, ",\n") + "]\n", "lines": strings.Join(all, "\n")} {
		if got, err := parseTraffic(strings.NewReader(in)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	path := filepath.Join(t.TempDir(), "sharegpt.json")
	must.OK(t, os.WriteFile(path, []byte("["+strings.Join(all, ",")+"]"), 0o644))
	if _, err := ReadTraffic(path, true); err == nil || !strings.Contains(err.Error(), "no times of arrival") {
		t.Errorf("recorded arrivals of a file that has none: %v", err)
	}
	if rows, err := ReadTraffic(path, false); err != nil || len(rows) != 3 {
		t.Errorf("%v, %v", rows, err)
	}
}

func FuzzTraffic(f *testing.F) {
	f.Add("arrival_s,prompt_tokens,new_tokens\n1,10,3\n2.5,20,4\n")
	f.Add(`{"timestamp": 7, "input_length": 10}`)
	f.Add(`[{"conversations": [{"from": "human", "value": "why"}, {"from": "gpt", "value": "because"}]}]`)
	f.Fuzz(func(t *testing.T, in string) {
		rows, err := parseTraffic(strings.NewReader(in))
		if err != nil {
			return
		}
		var last int64
		for _, r := range rows {
			if r.Tokens < 1 || r.AtNs < last {
				t.Fatalf("%+v after %d was accepted", r, last)
			}
			last = r.AtNs
		}
	})
}

// A line without an end is refused before it fills the memory.
func TestATrafficLineIsBounded(t *testing.T) {
	for _, head := range []string{"", "tokens,arrival_s\n1,0\n", "{\"tokens\":1}\n", "[{\"id\":\"", "["} {
		zeros := &endlessly{}
		endless := io.MultiReader(strings.NewReader(head), zeros)
		if _, err := parseTraffic(endless); err == nil || zeros.read > 4<<20 {
			t.Errorf("after %q it was taken, or %d bytes of it read: %v", head, zeros.read, err)
		}
	}
}

// endlessly is a file of zeros.
type endlessly struct{ read int }

func (e *endlessly) Read(p []byte) (int, error) {
	e.read += len(p)
	return len(p), nil
}

// TestTrafficOfTwoColumnsOfOneMeaning: a row has one arrival and one length,
// whatever else the file says, and the same at each reading.
func TestTrafficOfTwoColumnsOfOneMeaning(t *testing.T) {
	want := []TrafficRow{{0, 10, 3}, {2e9, 20, 4}}
	for name, in := range map[string]string{
		"csv":   "time,tokens,arrival_s,prompt_tokens,new_tokens,output_len\n900,13,1,10,3,9\n100,24,3,20,4,9\n",
		"jsonl": `{"Time": 900, "tokens": 13, "arrival_s": 1, "prompt_tokens": 10, "new_tokens": 3}` + "\n" + `{"Time": 100, "tokens": 24, "arrival_s": 3, "prompt_tokens": 20, "new_tokens": 4}`,
	} {
		for range 50 {
			if got, err := parseTraffic(strings.NewReader(in)); err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: %v, %v", name, got, err)
			}
		}
	}
}

// TestLinesOfConversationsAreBounded: they are arrivals like others.
func TestLinesOfConversationsAreBounded(t *testing.T) {
	rows := make(trafficRows, maxTraffic, maxTraffic+1)
	if err := rows.add(TrafficRow{}); err == nil || !strings.Contains(err.Error(), "more than 10000000 arrivals") {
		t.Errorf("%d arrivals were taken: %v", len(rows), err)
	}
}

// A long mix costs a request no more than a short one: its longest prompt is looked for once.
func BenchmarkTraffic(b *testing.B) {
	for _, n := range []int{100, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			rows := make([]TrafficRow, n)
			for i := range rows {
				rows[i].Tokens = 1 + i%64
			}
			p := must.Get(New(&configs.Config{}, "prefill", &protocol.Model{}, rows))(b)
			for b.Loop() {
				p.trafficAt %= n
				if it, _ := p.Next(); it.PadTo != 64 {
					b.Fatal(it)
				}
			}
		})
	}
}

// TestTrafficOfAModelWithoutPrompts: a mix of arrivals runs the sizes that are
// said of a forward model, each in turn, and none that nobody spoke of.
func TestTrafficOfAModelWithoutPrompts(t *testing.T) {
	rows := []TrafficRow{{0, 5, 2}, {1e9, 7, 2}, {3e9, 9, 2}, {4e9, 9, 2}}
	model := &protocol.Model{Dims: []string{"height"}, DimValues: map[string][]int{"height": {224, 320, 448}}}
	p := must.Get(New(&configs.Config{Arrivals: "recorded"}, "forward", model, rows))(t)
	for i, gap := range []int64{0, 1e9, 2e9, 1e9} {
		it, ok := p.Next()
		want := Item{Mode: "forward", Scenario: "forward", Prompt: i % 3, Batch: 1, Dims: map[string]int{"height": []int{224, 320, 448}[i%3]},
			GapNs: gap, Seed: it.Seed, EagerFirst: it.EagerFirst}
		if !ok || !reflect.DeepEqual(it, want) {
			t.Errorf("arrival %d: %+v, want %+v", i, it, want)
		}
	}
	if it, ok := p.Next(); ok {
		t.Errorf("after the last: %+v", it)
	}
}
