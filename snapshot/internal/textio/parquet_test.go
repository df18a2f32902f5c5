package textio

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"

	"github.com/tailscope/tailscope/internal/must"
)

// What a file's end or its footer claims beyond the file costs no memory.
func TestNoPartIsLargerThanItsFile(t *testing.T) {
	var whole bytes.Buffer
	must.OK(t, parquet.Write(&whole, []struct{ Ns int64 }{{1}, {2}}))
	pf := must.Get(parquet.OpenFile(bytes.NewReader(whole.Bytes()), int64(whole.Len())))(t)
	size := binary.LittleEndian.Uint32(whole.Bytes()[whole.Len()-8:])
	pf.Metadata().RowGroups[0].Columns[0].ColumnIndexLength = math.MaxInt32
	footer := must.Get(thrift.Marshal(new(thrift.CompactProtocol), pf.Metadata()))(t)
	index := append(whole.Bytes()[:whole.Len()-8-int(size)], footer...)
	index = append(binary.LittleEndian.AppendUint32(index, uint32(len(footer))), "PAR1"...)
	end := append(binary.LittleEndian.AppendUint32([]byte("PAR1...."), 0xf8<<24), "PAR1"...)
	for want, b := range map[string][]byte{"a footer of 4160749568 bytes in a file of 16": end, "a page index of 2147483": index} {
		path := filepath.Join(t.TempDir(), "x.parquet")
		must.OK(t, os.WriteFile(path, b, 0o600))
		f := must.Get(os.Open(path))(t)
		t.Cleanup(func() { must.OK(t, f.Close()) })
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := OpenParquet(f)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; err == nil || !strings.Contains(err.Error(), want) || n > 1<<20 {
			t.Errorf("%v after %d bytes, want %q", err, n, want)
		}
	}
}
