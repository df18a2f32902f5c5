//go:build !linux

package worker

// Only Linux lets a process be pinned: elsewhere nothing is.

func Affinity(int) CPUs           { return nil }
func siblings(int) CPUs           { return nil }
func moveThread(CPUs) error       { return nil }
func moveProcess(int, CPUs) error { return nil }
