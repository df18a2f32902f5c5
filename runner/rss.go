package runner

import (
	"fmt"
	"os"
	"strings"
)

// rssOf is the resident memory of a process in bytes, 0 if unknown.
func rssOf(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var size, rss int64
	if _, err := fmt.Fscan(strings.NewReader(string(b)), &size, &rss); err != nil {
		return 0
	}
	return rss * int64(os.Getpagesize())
}
