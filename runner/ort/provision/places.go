package provision

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/adrg/xdg"
	"github.com/tailscope/tailscope/runner/sys"
)

// pythonDirs lists the site-packages folders of the active environment, of
// the interpreters in PATH, and of user and system, without starting Python.
func pythonDirs() []string {
	var prefixes []string
	for _, env := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		prefixes = append(prefixes, os.Getenv(env))
	}
	for _, name := range []string{"python3", "python"} {
		if p, err := exec.LookPath(name); err == nil {
			prefixes = append(prefixes, filepath.Dir(filepath.Dir(p)))
			if real, err := filepath.EvalSymlinks(p); err == nil {
				prefixes = append(prefixes, filepath.Dir(filepath.Dir(real)))
			}
		}
	}
	prefixes = append(prefixes, filepath.Join(xdg.Home, ".local"), "/usr/local", "/usr")
	dirs := filepath.SplitList(os.Getenv("PYTHONPATH"))
	for _, prefix := range prefixes {
		if prefix == "" {
			continue
		}
		for _, pattern := range []string{"lib/python3*/site-packages", "lib64/python3*/site-packages", "lib/python3*/dist-packages", "lib/python3/dist-packages"} {
			found, _ := filepath.Glob(filepath.Join(sys.EscapeGlob(prefix), pattern))
			slices.Reverse(found)
			dirs = append(dirs, found...)
		}
	}
	return absolute(dirs)
}

// systemDirs lists the folders of the dynamic linker: LD_LIBRARY_PATH, those
// of /etc/ld.so.conf, and the defaults.
func systemDirs() []string {
	dirs := filepath.SplitList(os.Getenv("LD_LIBRARY_PATH"))
	dirs = append(dirs, linkerDirs("/etc/ld.so.conf", 0)...)
	triple := map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[runtime.GOARCH]
	for _, base := range []string{"/usr/local/lib", "/usr/lib", "/lib"} {
		if triple != "" {
			dirs = append(dirs, filepath.Join(base, triple))
		}
		dirs = append(dirs, base, base+"64")
	}
	return absolute(append(dirs, "/opt/onnxruntime/lib"))
}

// linkerDirs reads a linker configuration and what it includes.
func linkerDirs(conf string, depth int) []string {
	f, err := os.Open(conf)
	if err != nil || depth > 4 {
		return nil
	}
	defer f.Close()
	var dirs []string
	for sc := bufio.NewScanner(f); sc.Scan(); {
		line, _, _ := strings.Cut(sc.Text(), "#")
		line = strings.TrimSpace(line)
		if pattern, ok := strings.CutPrefix(line, "include "); ok {
			files, _ := filepath.Glob(strings.TrimSpace(pattern))
			for _, file := range files {
				dirs = append(dirs, linkerDirs(file, depth+1)...)
			}
			continue
		}
		if filepath.IsAbs(line) {
			dirs = append(dirs, line)
		}
	}
	return dirs
}

// distinct drops empty and repeated entries and keeps the order.
func distinct(in []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(in, func(s string) bool {
		if s == "" || seen[s] {
			return true
		}
		seen[s] = true
		return false
	})
}

// absolute is distinct without what is relative to the current folder: who sits
// in a stranger's does not want its libraries.
func absolute(dirs []string) []string {
	return distinct(slices.DeleteFunc(dirs, func(d string) bool { return !filepath.IsAbs(d) }))
}
