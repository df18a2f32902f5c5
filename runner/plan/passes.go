package plan

// passes is a number of passes over every prompt, drawn one item at a time:
// a long plan takes no memory.
type passes struct {
	n                     int
	warmup                bool
	rep, scenario, prompt int // of the next item
}

// addPasses appends n passes over every prompt.
func (p *Plan) addPasses(n int, warmup bool) {
	p.ahead = append(p.ahead, passes{n: max(n, 0), warmup: warmup})
	if warmup {
		return
	}
	for _, sc := range p.Scenarios {
		p.total += max(n, 0) * len(sc.Prompts)
	}
}

// nextPassed draws the next item of the passes that are left.
func (p *Plan) nextPassed() (Item, bool) {
	for len(p.ahead) > 0 {
		at := &p.ahead[0]
		switch {
		case at.rep >= at.n:
			p.ahead = p.ahead[1:]
		case at.scenario >= len(p.Scenarios):
			at.rep, at.scenario = at.rep+1, 0
		case at.prompt >= len(p.Scenarios[at.scenario].Prompts):
			at.scenario, at.prompt = at.scenario+1, 0
		default:
			it := p.item(p.Scenarios[at.scenario], at.prompt)
			it.Warmup = at.warmup
			at.prompt++
			return it, true
		}
	}
	return Item{}, false
}

// planned is the next item that was given back, or of the passes.
func (p *Plan) planned() (Item, bool) {
	if len(p.back) == 0 {
		return p.nextPassed()
	}
	it := p.back[0]
	p.back = p.back[1:]
	return it, true
}
