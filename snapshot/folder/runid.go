package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// maxRunIDs bounds how many sessions may start in the same second, and how
// many exports a session may have.
const maxRunIDs = 10_000

// NewRunID creates the folder of a new session below out and returns its
// run_id (YYYYMMDD_HHMMSS of now, with _2, _3 … when taken) and its path.
// Creating the folder is what claims the id, so two processes that start in
// the same second get different ones.
func NewRunID(out string, now time.Time) (id, dir string, err error) {
	if out == "" {
		return "", "", errors.New("the output folder has no name; give one with --out")
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return "", "", cannotWrite(out, err)
	}
	base := now.Format("20060102_150405")
	for n := 1; n <= maxRunIDs; n++ {
		id = base
		if n > 1 {
			id = fmt.Sprintf("%s_%d", base, n)
		}
		dir = filepath.Join(out, id)
		switch err := os.Mkdir(dir, 0o755); {
		case err == nil:
			return id, dir, nil
		case !errors.Is(err, fs.ErrExist):
			return "", "", cannotWrite(out, err)
		}
	}
	return "", "", fmt.Errorf("more than %d sessions named %s in %s; give another folder with --out", maxRunIDs, base, out)
}

// exportDir creates the first free folder dir_e1, dir_e2 … beside dir.
func exportDir(dir string) (string, error) {
	dir = filepath.Clean(dir)
	for n := 1; n <= maxRunIDs; n++ {
		out := fmt.Sprintf("%s_e%d", dir, n)
		switch err := os.Mkdir(out, 0o755); {
		case err == nil:
			return out, nil
		case !errors.Is(err, fs.ErrExist):
			return "", cannotWrite(filepath.Dir(dir), err)
		}
	}
	return "", fmt.Errorf("more than %d exports beside %s", maxRunIDs, dir)
}

// cannotWrite is the one sentence about an output folder that is of no use.
func cannotWrite(out string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return fmt.Errorf("the output folder %s cannot be written (%w); give another with --out", out, err)
}
