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
// closed, or has the rate of the configuration.
func (p *Plan) nextTraffic() (Item, bool) {
	if p.trafficAt >= len(p.traffic) {
		return Item{}, false
	}
	row := p.traffic[p.trafficAt]
	it := Item{Mode: p.mode, Scenario: "traffic", Tokens: row.Tokens, NewTokens: row.NewTokens,
		Batch: max(p.cfg.Batch, 1), Seed: p.rng.Uint64() >> 11, EagerFirst: p.rng.IntN(2) == 0, PadTo: p.padTo}
	switch {
	case p.cfg.Arrivals != "recorded":
		p.draw(&it)
	case p.trafficAt > 0:
		it.GapNs = row.AtNs - p.traffic[p.trafficAt-1].AtNs
	}
	if !stats.ModeOf(p.mode).Times(stats.DecodePhase) {
		it.NewTokens = 0
	}
	p.trafficAt++
	return it, true
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
