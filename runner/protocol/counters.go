package protocol

import "strconv"

// parseCounters decodes a line of counters as encoding/json does, several times
// faster; nil when it is no such line or not plain enough. An engine that
// compares outputs sends one with every request.
func parseCounters(line []byte) *Counters {
	if !begins(line, `"counters"`) {
		return nil
	}
	p, c := &scanner{s: line, ok: true}, &Counters{}
	p.object(func(key []byte) {
		switch string(key) {
		case "t":
			c.T = string(p.str())
		case "groups":
			c.Groups = list(p, counter)
		case "checks":
			c.Checks = checks(p)
		default:
			p.ok = false
		}
	})
	if !p.ended() {
		return nil
	}
	return c
}

func counter(p *scanner) (c Counter) {
	p.object(func(key []byte) {
		switch string(key) {
		case "mode":
			c.Mode = string(p.str())
		case "strategy":
			c.Strategy = string(p.str())
		case "unique_graphs":
			c.UniqueGraphs = int(p.integer())
		case "compiles":
			c.Compiles = int(p.integer())
		case "recompiles":
			c.Recompiles = int(p.integer())
		case "recompile_limit":
			c.RecompileLimit = int(p.integer())
		case "limit_reached":
			c.LimitReached = p.truth()
		case "fallbacks":
			c.Fallbacks = int(p.integer())
		case "evictions":
			c.Evictions = int(p.integer())
		case "captures":
			c.Captures = int(p.integer())
		case "compile_ns":
			c.CompileNs = p.integer()
		case "bytes":
			c.Bytes = p.integer()
		default:
			p.ok = false
		}
	})
	return c
}

func checks(p *scanner) (c Checks) {
	p.object(func(key []byte) {
		switch string(key) {
		case "n":
			c.N = int(p.integer())
		case "failed":
			c.Failed = int(p.integer())
		case "max_rel_l2":
			c.MaxRelL2 = p.number()
		case "tolerance":
			c.Tolerance = p.number()
		default:
			p.ok = false
		}
	})
	return c
}

// truth reads true or false.
func (p *scanner) truth() bool {
	p.peek()
	for _, word := range [...]string{"true", "false"} {
		if end := p.i + len(word); end <= len(p.s) && string(p.s[p.i:end]) == word {
			p.i = end
			return word == "true"
		}
	}
	p.ok = false
	return false
}

// number reads a number that begins with a digit.
func (p *scanner) number() float64 {
	p.peek()
	start := p.i
	for p.i < len(p.s) && (p.s[p.i] >= '0' && p.s[p.i] <= '9' || p.s[p.i] == '.' || p.s[p.i] == 'e' || p.s[p.i] == '-' || p.s[p.i] == '+') {
		p.i++
	}
	word := string(p.s[start:p.i])
	v, err := strconv.ParseFloat(word, 64)
	if err != nil || !plainNumber(word) {
		p.ok = false
	}
	return v
}

// plainNumber reports whether ParseFloat reads no more into word than JSON does.
func plainNumber(word string) bool {
	for i := range len(word) {
		if digit := word[i] >= '0' && word[i] <= '9'; !digit && (i == 0 || i == len(word)-1 || word[i] == '.' && word[i+1] == 'e') {
			return false
		}
	}
	return len(word) < 2 || word[0] != '0' || word[1] == '.' || word[1] == 'e'
}
