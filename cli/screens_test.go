package cli_test

import (
	"fmt"
	"testing"

	"github.com/charmbracelet/x/exp/golden"
)

// Every view of a recorded session, at the sizes that terminals have.
func TestRecordedScreens(t *testing.T) {
	for screen := 1; screen <= 6; screen++ {
		for _, size := range []string{"200x60", "120x40", "80x24"} {
			t.Run(fmt.Sprintf("view%d/%s", screen, size), func(t *testing.T) {
				out, stderr, code := run(t, "replay", "../snapshot/testdata/golden/finished", "--print", size, "--view", fmt.Sprint(screen))
				if code != 0 {
					t.Fatalf("exit code %d: %s", code, stderr)
				}
				golden.RequireEqual(t, out)
			})
		}
	}
}
