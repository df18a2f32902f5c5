package results

import (
	"errors"
	"os"

	"github.com/spf13/pflag"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/snapshot/foreign"
)

// foreignFlags say how the files of other tools are read.
type foreignFlags struct {
	unit    string
	where   []string
	columns map[string]*string
}

func (f *foreignFlags) add(fl *pflag.FlagSet) {
	f.columns = map[string]*string{}
	fl.StringArrayVar(&f.where, "where", nil, "keep only rows with COLUMN=VALUE (or COLUMN!=VALUE); may be repeated")
	fl.StringVar(&f.unit, "unit", "", "unit of the latency column: ns, us, ms or s (default: as its name or format says, else ms)")
	for _, name := range foreign.Fields {
		f.columns[name] = fl.String(name+"-column", "", "name of the column with the "+name+", none for no column")
	}
}

func (f *foreignFlags) options() (foreign.Options, error) {
	o := foreign.Options{Columns: map[string]string{}, Unit: f.unit}
	for k, v := range f.columns {
		if *v != "" {
			o.Columns[k] = *v
		}
	}
	for _, w := range f.where {
		x, err := foreign.ParseFilter(w)
		if err != nil {
			return o, exit.Usage(err)
		}
		o.Where = append(o.Where, x)
	}
	return o, nil
}

// wrongInput tells whether err says that the command names what is not there:
// a path, a result in it, or a column.
func wrongInput(err error) bool {
	var column foreign.ColumnError
	return errors.Is(err, os.ErrNotExist) || errors.Is(err, foreign.ErrNone) || errors.As(err, &column)
}
