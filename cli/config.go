package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/configs"
)

// newConfigCmd shows what a run would do, the schema, and the presets.
func newConfigCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "The effective configuration, its JSON schema, and the presets",
		Args:  cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return exit.Usage(fmt.Errorf("config wants show, schema or presets, got %q%s; see '%s --help'", args[0], nearestCommand(c, args[0]), c.CommandPath()))
		},
	}
	cmd.AddCommand(newConfigShowCmd(), newConfigSchemaCmd(), newConfigPresetsCmd())
	return cmd
}

func newConfigShowCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Print the configuration that the same flags would run",
		Long:  "Prints preset, file and flags put together and checked: what 'tailscope run' with the same\nflags would do. The output is a configuration file.",
		Args:  exit.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadConfig(c.Flags())
			if err != nil {
				return err
			}
			if asJSON {
				return output.JSON(c.OutOrStdout(), cfg)
			}
			b, err := cfg.YAML()
			if err != nil {
				return err
			}
			_, err = c.OutOrStdout().Write(b)
			return err
		},
	}
	addRunFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newConfigSchemaCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of configuration files",
		Long: "Prints the JSON Schema of configuration files, for editors. With the YAML language server:\n\n" +
			"  tailscope config schema > tailscope.schema.json\n" +
			"  # yaml-language-server: $schema=tailscope.schema.json      (first line of your file)",
		Args: exit.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(c.OutOrStdout(), string(configs.Schema()))
			return err
		},
	}
}

func newConfigPresetsCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "presets [NAME]",
		Short: "List the presets, or print one as it ships",
		Long:  "Lists the presets. With a name it prints that preset with its comments: a start for a file of your own.",
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return configs.Presets(), cobra.ShellCompDirectiveNoFileComp
		},
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return exit.Usage(fmt.Errorf("config presets takes at most one name, got %s", strings.Join(args, " ")))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			out := c.OutOrStdout()
			if len(args) == 0 {
				listPresets(out)
				output.Next("tailscope config show NAME, tailscope run --config NAME")
				return nil
			}
			text, ok := configs.PresetText(args[0])
			if !ok {
				return exit.Usage(fmt.Errorf("no preset is called %q: there are %s", args[0], strings.Join(configs.Presets(), ", ")))
			}
			_, err := out.Write(text)
			return err
		},
	}
}

// listPresets prints each name with its description wrapped beside it.
func listPresets(out io.Writer) {
	width := 0
	for _, name := range configs.Presets() {
		width = max(width, len(name))
	}
	for _, name := range configs.Presets() {
		for i, line := range strings.Split(output.Wrap(configs.PresetDoc(name), 96-width, ""), "\n") {
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(out, "%-*s  %s\n", width, name, line)
		}
	}
}
