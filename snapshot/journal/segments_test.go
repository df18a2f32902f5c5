package journal

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/stats"
)

// A flipped bit that makes the number of a segment's first sample that of
// another segment costs the frame it is in, and not the segment as a copy.
func TestAFlippedNumberMakesNoCopy(t *testing.T) {
	session := made.New(1)
	path := t.TempDir()
	for i, name := range []string{"000001.tsj", "000002.tsj"} {
		b := []byte(magic)
		for frame := range 2 {
			enc := newFrameEncoder()
			for k := range 32 {
				s := session.Sample(uint64(k), stats.Eager, stats.Prefill)
				s.Seq = uint64(64*i + 32*frame + k)
				enc.sample(s, nil, nil)
			}
			b = append(b, enc.seal()...)
		}
		if i == 1 {
			b[len(magic)+16] ^= 64 // 64 is 0
		}
		must.OK(t, os.WriteFile(filepath.Join(path, name), b, 0o600))
	}
	src := must.Get(openSegments(must.Get(door.Open(path))(t)))(t)
	defer src.Close()
	var got []uint64
	damage, err := src.Records(func(r *Record) error {
		got = append(got, r.Sample.Seq)
		return nil
	})
	if err != nil || len(got) != 96 || got[64] != 96 || damage.Frames != 1 || damage.Samples != 32 {
		t.Errorf("%d samples, %+v, %v", len(got), damage, err)
	}
}
