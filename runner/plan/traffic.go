package plan

import (
	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/stats"
)

// TrafficRow is one arrival of a recorded production mix.
type TrafficRow struct {
	AtNs      int64 // since the first arrival
	Tokens    int
	NewTokens int
}

// nextTraffic returns the next arrival of the recorded mix, or false at its
// end. Its times are used when arrivals are "recorded"; otherwise the loop is
// closed, or has the rate of the configuration. A model that has no prompts goes
// through its sizes, an arrival each.
func (p *Plan) nextTraffic() (Item, bool) {
	if p.trafficAt >= len(p.traffic) {
		return Item{}, false
	}
	it := p.arrived(p.traffic[p.trafficAt])
	switch {
	case p.cfg.Arrivals != "recorded":
		p.draw(&it)
	case p.trafficAt > 0:
		it.GapNs = p.traffic[p.trafficAt].AtNs - p.traffic[p.trafficAt-1].AtNs
	}
	p.trafficAt++
	return it, true
}

// arrived is the item of an arrival.
func (p *Plan) arrived(row TrafficRow) Item {
	it := Item{Mode: p.mode, Scenario: p.Scenarios[0].Name, Batch: max(p.cfg.Batch, 1), Seed: p.rng.Uint64() >> 11, EagerFirst: p.rng.IntN(2) == 0}
	if p.dims != nil {
		it.Prompt = p.trafficAt % p.dims.points()
		it.Dims, it.Recorded = p.dims.at(it.Prompt)
		return it
	}
	it.Tokens, it.PadTo = row.Tokens, p.padTo
	if stats.ModeOf(p.mode).Times(stats.DecodePhase) {
		it.NewTokens = row.NewTokens
	}
	return it
}

// trafficScenario has one prompt for each length of the mix, in the order of
// arrival: what warm-ups and the key w go over.
func trafficScenario(rows []TrafficRow) configs.Scenario {
	sc := configs.Scenario{Name: "traffic"}
	seen := map[int]bool{}
	for _, r := range rows {
		if !seen[r.Tokens] {
			seen[r.Tokens] = true
			sc.Prompts = append(sc.Prompts, configs.Prompt{Tokens: r.Tokens, NewTokens: r.NewTokens})
		}
	}
	return sc
}
