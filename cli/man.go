package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// newManCmd writes the manual pages of the command tree.
func newManCmd() *cobra.Command {
	return &cobra.Command{
		Use: "man DIR", Hidden: true, Args: usageArgs(cobra.ExactArgs(1)),
		Short: "Write manual pages into a folder",
		RunE: func(c *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fmt.Errorf("make folder for manual pages: %w", err)
			}
			root := c.Root()
			root.DisableAutoGenTag = true
			return doc.GenManTree(root, &doc.GenManHeader{Title: "TAILSCOPE", Section: "1", Source: "tailscope", Manual: "tailscope"}, args[0])
		},
	}
}
