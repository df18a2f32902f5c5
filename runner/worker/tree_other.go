//go:build !linux

package worker

import "github.com/tailscope/tailscope/runner/sys"

func killTree(pid int, _ string) { _ = sys.KillGroup(pid) }
