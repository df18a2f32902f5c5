package openai

import (
	"encoding/json"
	"testing"
)

// FuzzLog reads lines of a server's log: what they say of durations and steps.
func FuzzLog(f *testing.F) {
	f.Add("INFO 11-28 09:01:02 [gpu_model_runner.py:4201] Graph capturing finished in 12 secs, took 0.84 GiB")
	f.Add("Decode batch. #running-req: 3, #token: 99, cuda graph: True, gen throughput (token/s): 5.1e999")
	f.Add("enforce_eager=False, cudagraph_capture_sizes=[1, 2, 4], speculative_config={'num_speculative_tokens': -9}")
	f.Fuzz(func(t *testing.T, line string) {
		if l, ok := ReadLog(line); ok {
			if st, ok := l.step(); ok && (st.tokens < 0 || !(st.ms >= 0)) {
				t.Errorf("%q is a step %+v", line, st)
			}
		}
		s := &Server{Identity: Identity{}}
		s.LearnFromLog(line)
		s.limits(&Options{})
	})
}

// FuzzIdentity takes what a server answers when it is asked what it is.
func FuzzIdentity(f *testing.F) {
	f.Add(`{"data":[{"id":"m","max_model_len":4096}],"cuda_graph_bs":[1,2,4],"speculative_config":{"num_speculative_tokens":3}}`)
	f.Add(`{"enforce_eager":"\u001b[31m","tp_size":-1e308,"x":[[{"dtype":null}]]}`)
	f.Fuzz(func(t *testing.T, body string) {
		var v any
		if json.Unmarshal([]byte(body), &v) != nil {
			return
		}
		s := &Server{Identity: Identity{}}
		s.learn(v)
		s.limits(&Options{})
		if n := s.Identity.speculative(); n < 0 {
			t.Errorf("%d speculative tokens", n)
		}
		_ = s.Identity.String()
		Differences(s.Identity, Identity{})
	})
}
