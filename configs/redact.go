package configs

import (
	"maps"
	"regexp"
)

// Redacted stands in files where a secret stood.
const Redacted = "REDACTED"

// secrets find what looks like one in a command line or an option: a flag or
// variable by its name, a bearer, a password in a URL, well-known key forms.
var secrets = []*regexp.Regexp{
	regexp.MustCompile(`(?i)([-\w]*(?:token|secret|passw(?:or)?d|passphrase|api[-_]?key|access[-_]?key|private[-_]?key|credentials?)(?:[-_][-\w]*)?(?:\s*[=:]\s*|\s+))("[^"]*"|'[^']*'|[^\s"']+)`),
	regexp.MustCompile(`(?i)(\b(?:bearer|basic)\s+)([\w.~+/=-]{6,})`),
	regexp.MustCompile(`(://[^\s/:@]*:)([^\s/@]+)(@)`),
	regexp.MustCompile(`(\b)((?:sk|pk|hf|ghp|gho|github_pat|xox[bp]|glpat)[-_][A-Za-z0-9_-]{16,}|AKIA[0-9A-Z]{16})()`),
}

// Redact takes out what looks like a secret.
func Redact(s string) string {
	for _, re := range secrets {
		s = re.ReplaceAllString(s, "${1}"+Redacted+"${3}")
	}
	return s
}

// Redacted is the configuration as files keep it: without what looks like a
// secret in the engine's command and in options.
func (c *Config) Redacted() *Config {
	r := *c
	r.EngineCmd = Redact(r.EngineCmd)
	r.Options = maps.Clone(r.Options)
	for k, v := range r.Options {
		r.Options[k] = Redact(v)
		if Redact(k+"="+v) == k+"="+Redacted {
			r.Options[k] = Redacted
		}
	}
	return &r
}
