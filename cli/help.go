package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/configs"
)

func init() { cobra.AddTemplateFunc("bySubject", bySubject) }

// helpTemplate is cobra's with the flags by subject.
func helpTemplate(c *cobra.Command) string {
	return strings.Replace(c.UsageTemplate(), ".LocalFlags.FlagUsages", "bySubject .LocalFlags", 1)
}

// bySubject lists flags below the names of their groups; a command with few
// flags needs none.
func bySubject(fs *pflag.FlagSet) string {
	groups := map[string]*pflag.FlagSet{}
	fs.VisitAll(func(f *pflag.Flag) {
		name := groupOf(f.Name)
		if groups[name] == nil {
			groups[name] = pflag.NewFlagSet("", pflag.ContinueOnError)
			groups[name].SortFlags = false
		}
		groups[name].AddFlag(f)
	})
	width := min(max(output.Width(os.Stdout), 80), 120)
	if len(groups) < 3 {
		return fs.FlagUsagesWrapped(width)
	}
	var b strings.Builder
	for _, g := range append(flagGroups, flagGroup{name: groupRest}) {
		if groups[g.name] != nil {
			fmt.Fprintf(&b, "  %s:\n%s\n", g.name, groups[g.name].FlagUsagesWrapped(width))
		}
	}
	return b.String()
}

func groupOf(flag string) string {
	if g := otherGroups[flag]; g != "" {
		return g
	}
	for _, f := range runFlags {
		if f.name == flag {
			return f.group
		}
	}
	return groupRest
}

// nearestFlag adds the flag that was meant to an error of pflag's.
func nearestFlag(c *cobra.Command, err error) error {
	_, name, ok := strings.Cut(err.Error(), "unknown flag: --")
	if !ok {
		return err
	}
	var known []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			known = append(known, f.Name)
		}
	})
	return fmt.Errorf("%w%s", err, suggest("--", name, known))
}

// nearestCommand names the command that was meant.
func nearestCommand(c *cobra.Command, word string) string {
	var known []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			known = append(known, sub.Name())
		}
	}
	return suggest("", word, known)
}

func suggest(prefix, word string, known []string) string {
	if n := configs.Nearest(word, known); n != "" {
		return "; did you mean " + prefix + strings.ReplaceAll(n, " or ", " or "+prefix) + "?"
	}
	return ""
}
