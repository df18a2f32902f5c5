//go:build !linux

package worker

import "github.com/tailscope/tailscope/runner/sys"

// killTree kills the group of a process.
func killTree(pid int, _ string) { _ = sys.KillGroup(pid) }
