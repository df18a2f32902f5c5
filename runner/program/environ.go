package program

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Options of an observed program.
type Options struct {
	Socket string  // where its processes report
	AB     float64 // share of calls that run the original callable, 0 to 1
	Seed   uint64  // of the draw
	Rank   string  // the only rank that is observed; "": all
	Device bool    // time of the device, by events around each call
}

// Environ is the environment of a program whose Python processes are to be
// hooked. hook is the folder of sitecustomize.py.
func Environ(base []string, hook string, o Options) []string {
	path := hook
	for _, kv := range base {
		if rest, ok := strings.CutPrefix(kv, "PYTHONPATH="); ok && rest != "" {
			path += string(os.PathListSeparator) + rest
		}
	}
	return append(base, "PYTHONPATH="+path, "TAILSCOPE_EXEC="+o.Socket, "TAILSCOPE_EXEC_RANK="+o.Rank,
		"TAILSCOPE_EXEC_AB="+strconv.FormatFloat(o.AB, 'g', -1, 64), "TAILSCOPE_EXEC_SEED="+strconv.FormatUint(o.Seed, 10),
		"TAILSCOPE_EXEC_DEVICE="+map[bool]string{true: "1", false: "0"}[o.Device])
}

// Socket is a path for the socket, in a folder that only this user can enter.
// The caller removes the folder.
func Socket() (path, folder string, err error) {
	folder, err = os.MkdirTemp("", "tailscope-") // a socket's path must be short
	if err != nil {
		return "", "", fmt.Errorf("folder of the socket: %w", err)
	}
	return filepath.Join(folder, "exec"), folder, nil
}

// Ready waits until somebody listens on the socket, and reports whether
// somebody does.
func Ready(socket string, within time.Duration) bool {
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if c, err := net.Dial("unix", socket); err == nil {
			_ = c.Close()
			return true
		}
	}
	return false
}

// Exited tells the observer that the program has ended, with its exit code,
// or a negative number and the name of the signal.
func Exited(socket string, code int, signal string) {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return // nobody observes any more
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	_ = json.NewEncoder(c).Encode(map[string]any{"t": "exited", "code": code, "signal": signal})
}

// Name is what a command is called: the first script or module among its
// words, else the command itself.
func Name(args []string) string {
	for i, a := range args {
		if strings.HasSuffix(a, ".py") {
			return filepath.Base(a)
		}
		if a == "-m" && i+1 < len(args) {
			return args[i+1]
		}
	}
	return filepath.Base(args[0])
}

// Quote writes a command as a shell reads it.
func Quote(args []string) string {
	words := make([]string, len(args))
	for i, a := range args {
		if words[i] = a; a == "" || strings.ContainsAny(a, " \t\n'\"\\$&|;<>()*?[]#~`!{}") {
			words[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}
