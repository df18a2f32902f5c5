package cli

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/startup"
)

// startKinds are what a worker finds of compiled kernels when it starts.
var startKinds = map[string]string{
	"cold":     "nothing is in any cache of compiled kernels",
	"regional": "as cold, and repeated blocks are compiled once (option regional; functions on a fixed-size cache)",
	"warm":     "the cache that a first session filled",
	"mega":     "empty caches and one file of artifacts (torch.compiler.save_cache_artifacts)",
}

// started is one session's, with its folder.
type started struct {
	Kind  string                   `json:"kind"` // cold, regional, warm or mega; empty: as torch has it
	Dir   string                   `json:"dir"`
	Lanes map[string]startup.Times `json:"lanes"`
}

// parseCaches checks the value of --caches.
func parseCaches(text string, cfg *configs.Config) ([]string, error) {
	if text == "" {
		return []string{""}, nil
	}
	kinds := strings.Split(text, ",")
	for _, k := range kinds {
		if startKinds[k] == "" {
			return nil, exit.Usage(fmt.Errorf("--caches %q: want one or more of %s", k, strings.Join(slices.Sorted(maps.Keys(startKinds)), ", ")))
		}
	}
	if cfg.Engine != "torch" {
		return nil, exit.Usage(fmt.Errorf("--caches is about caches of torch.compile; the engine is %s", cfg.Engine))
	}
	for _, name := range []string{"inductor_cache", "mega_cache", "regional"} {
		if (name != "regional" || slices.Contains(kinds, name)) && cfg.Options[name] != "" {
			return nil, exit.Usage(fmt.Errorf("--caches sets the option %s itself", name))
		}
	}
	return kinds, nil
}

// cached is the configuration with caches of a kind below dir. The first cold
// session fills what the warm ones find; without one there is a first session
// that is not counted.
func cached(cfg configs.Config, kind, dir string) *configs.Config {
	cfg.Options = maps.Clone(cfg.Options)
	if cfg.Options == nil {
		cfg.Options = map[string]string{}
	}
	filled, artifacts := filepath.Join(dir, "caches", "filled"), filepath.Join(dir, "caches", "artifacts")
	switch kind {
	case "fill":
		cfg.Options["inductor_cache"], cfg.Options["mega_cache"] = filled, artifacts
	case "cold":
		cfg.Options["inductor_cache"] = "fresh"
	case "regional":
		cfg.Options["inductor_cache"], cfg.Options["regional"] = "fresh", "true"
	case "warm":
		cfg.Options["inductor_cache"] = filled
	case "mega":
		cfg.Options["inductor_cache"], cfg.Options["mega_cache"] = "fresh", artifacts
	}
	return &cfg
}

// startOf reads how the lanes of a session started.
func startOf(kind, dir string) (started, error) {
	s := started{Kind: kind, Dir: dir, Lanes: map[string]startup.Times{}}
	f, err := folder.Open(dir)
	if err != nil {
		return s, err
	}
	lanes := []*startup.Start{startup.New(stats.Eager), startup.New(stats.Optimized)}
	_, err = f.Records(func(r *journal.Record) error {
		for i, l := range lanes {
			switch {
			case r.Kind == journal.KindEvent && r.Event.Kind == stats.KindLoaded:
				l.Loaded(&r.Event)
			case r.Kind == journal.KindSample:
				l.Sample(&r.Sample)
			case r.Kind == journal.KindCounters && i == 1:
				n := func(name string) int { v, _ := r.Counters.Engine[name].(float64); return int(v) }
				l.Caches(n("fxgraph_cache_hit"), n("fxgraph_cache_miss"), n("fxgraph_cache_bypass"))
			}
		}
		return nil
	})
	for i, l := range lanes {
		if t, ok := l.Times(); ok {
			s.Lanes[stats.Lane(i).String()] = t
		}
	}
	return s, err
}

// printStartups is one page over all starts: a row a kind of start and lane.
func printStartups(w io.Writer, all []started) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "start\tlane\tn\tloaded\tfirst token\tsteady state\tcompiling\tmade\tfrom cache\t")
	rows, never := 0, 0
	for _, kind := range kindsOf(all) {
		for _, lane := range stats.Lanes {
			var ts []startup.Times
			for _, s := range all {
				if t, ok := s.Lanes[lane]; ok && s.Kind == kind {
					ts = append(ts, t)
				}
			}
			if len(ts) == 0 {
				continue
			}
			rows++
			steady := slices.DeleteFunc(slices.Clone(ts), func(t startup.Times) bool { return !t.Steady })
			never += len(ts) - len(steady)
			last := ts[len(ts)-1]
			hits := "—"
			if last.Hits+last.Misses+last.Bypassed > 0 {
				hits = fmt.Sprintf("%d of %d", last.Hits, last.Hits+last.Misses+last.Bypassed)
			}
			fmt.Fprintf(tw, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%d\t%s\t\n", cmp.Or(kind, "as it is"), lane, len(ts),
				spread(ts, func(t startup.Times) int64 { return t.LoadNs }), spread(ts, func(t startup.Times) int64 { return t.FirstNs }),
				spread(steady, func(t startup.Times) int64 { return t.SteadyNs }), spread(ts, func(t startup.Times) int64 { return t.Compile }), last.Made, hits)
		}
	}
	if rows == 0 {
		return
	}
	_ = tw.Flush() // a closed stdout is the reader's choice
	fmt.Fprintln(w, "Median [least, most] of the starts: loading, and then the lane's own requests alone; importing torch comes before. Steady: up to the last request that compiled or recorded.")
	if never > 0 {
		fmt.Fprintf(w, "%d starts never got there: their last request still compiled or recorded. Run longer.\n", never)
	}
	for _, k := range kindsOf(all) {
		if k != "" {
			fmt.Fprintf(w, "%s: %s.\n", k, startKinds[k])
		}
	}
}

func kindsOf(all []started) (kinds []string) {
	for _, s := range all {
		if !slices.Contains(kinds, s.Kind) {
			kinds = append(kinds, s.Kind)
		}
	}
	return kinds
}

// spread is "median [least, most]" of what of takes, in seconds.
func spread(ts []startup.Times, of func(startup.Times) int64) string {
	v := make([]int64, 0, len(ts))
	for _, t := range ts {
		v = append(v, of(t))
	}
	if len(v) == 0 {
		return "—"
	}
	slices.Sort(v)
	middle := (v[(len(v)-1)/2] + v[len(v)/2]) / 2
	text := func(ns int64) string { return fmt.Sprintf("%.3g", time.Duration(ns).Seconds()) }
	if len(v) == 1 {
		return text(middle) + " s"
	}
	return fmt.Sprintf("%s [%s, %s] s", text(middle), text(v[0]), text(v[len(v)-1]))
}

// makeCaches makes the folder of the caches below dir.
func makeCaches(dir string) error { return os.MkdirAll(filepath.Join(dir, "caches"), 0o755) }
