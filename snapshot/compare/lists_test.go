package compare

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/internal/fields"
	"github.com/tailscope/tailscope/stats"
)

// The names that comparisons treat in their own way are there: one that was renamed
// or removed elsewhere would be compared as any other, unnoticed.
func TestNamedKeysExist(t *testing.T) {
	known := map[string]bool{}
	config := reflect.TypeFor[configs.Config]()
	for i := range config.NumField() {
		name, _, _ := strings.Cut(config.Field(i).Tag.Get("yaml"), ",")
		known[name] = true
	}
	for _, k := range slices.Concat(sameElsewhere, otherWork) {
		if !known[k] {
			t.Errorf("no key %q in a configuration", k)
		}
	}
	counted := map[string]bool{}
	for _, v := range []any{folder.CounterFile{}, stats.GroupSummary{}} {
		for k := range fields.Of(v) {
			counted[k] = true
		}
	}
	for k := range exactly {
		if !counted[k] {
			t.Errorf("no quantity %q", k)
		}
	}
}
