package openai

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// usualPorts are where servers listen unless told otherwise.
var usualPorts = []int{8000, 8001, 8002, 8003, 8004, 30000, 30001, 3000, 8080, 8081, 1234, 11434}

// Discover asks what listens on this machine for its models. Where the kernel
// tells which ports are open (Linux), all of them are asked, else the usual.
func Discover(ctx context.Context, key string) []*Server {
	ports := listening()
	if ports == nil {
		ports = usualPorts
	}
	var mu sync.Mutex
	var found []*Server
	var all sync.WaitGroup
	room := make(chan struct{}, 32)
	for _, p := range ports {
		all.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
			defer cancel()
			s := NewServer(fmt.Sprintf("http://127.0.0.1:%d", p), "", key, 1)
			if s.Identify(ctx) == nil && s.Model != "" {
				mu.Lock()
				defer mu.Unlock()
				found = append(found, s)
			}
		})
	}
	all.Wait()
	slices.SortFunc(found, func(a, b *Server) int { return strings.Compare(a.URL, b.URL) })
	return found
}

// listening are the TCP ports that are open here; nil where nobody says.
func listening() []int {
	var ports []int
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		b, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			f := strings.Fields(line)
			if len(f) < 4 || f[3] != "0A" {
				continue
			}
			_, port, _ := strings.Cut(f[1], ":")
			if n, err := strconv.ParseInt(port, 16, 32); err == nil && !slices.Contains(ports, int(n)) {
				ports = append(ports, int(n))
			}
		}
	}
	return ports
}
