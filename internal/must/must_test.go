package must

import (
	"errors"
	"os"
	"testing"
)

type recorder struct{ said []any }

func (r *recorder) Helper()        {}
func (r *recorder) Fatal(a ...any) { r.said = append(r.said, a...) }

func TestMust(t *testing.T) {
	why := errors.New("why")
	r := &recorder{}
	OK(r, nil)
	if v := Get(3, nil)(r); v != 3 || len(r.said) > 0 {
		t.Fatal(v, r.said)
	}
	OK(r, why)
	Get(os.Open(""))(r)
	if len(r.said) != 2 || r.said[0] != any(why) || !errors.Is(r.said[1].(error), os.ErrNotExist) {
		t.Fatal(r.said)
	}
}
