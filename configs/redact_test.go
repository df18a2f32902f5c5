package configs

import (
	"strings"
	"testing"
)

// Secrets of a command line do not reach files; everything else does.
func TestSecretsAreRedacted(t *testing.T) {
	for in, want := range map[string]string{
		"python e.py --token=abc123 --n 4":            "python e.py --token=REDACTED --n 4",
		"python e.py --api-key 'a b' x":               "python e.py --api-key REDACTED x",
		"HF_TOKEN=hf_x python e.py":                   "HF_TOKEN=REDACTED python e.py",
		"curl -H 'Authorization: Bearer abcdef.gh' u": "curl -H 'Authorization: Bearer REDACTED' u",
		"serve postgres://me:pw@host/db":              "serve postgres://me:REDACTED@host/db",
		"run sk-abcdefghijklmnopqrstuvwx":             "run REDACTED",
		"python e.py --max-new-tokens=64 --tokens 8":  "python e.py --max-new-tokens=64 --tokens 8",
		"python tokenizer.py --model secretary.onnx":  "python tokenizer.py --model secretary.onnx",
	} {
		if got := Redact(in); got != want {
			t.Errorf("%q → %q, want %q", in, got, want)
		}
	}
	c := &Config{EngineCmd: "x --password hunter2", Options: map[string]string{"auth_token": "t1", "steps": "auto"}}
	b, err := c.Redacted().YAML()
	if s := string(b); err != nil || strings.Contains(s, "hunter2") || strings.Contains(s, "t1") || !strings.Contains(s, "auto") || c.EngineCmd != "x --password hunter2" {
		t.Errorf("%s, %v", s, err)
	}
}
