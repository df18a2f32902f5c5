package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/snapshot/report"
)

// jobSummary is the key of a context under which a run's file for reports is.
type jobSummary struct{}

// withJobSummary is ctx with the file that --summary means.
func withJobSummary(ctx context.Context, word string) (context.Context, error) {
	file := os.Getenv("GITHUB_STEP_SUMMARY")
	switch {
	case word == "":
		return ctx, nil
	case word != "github":
		return nil, exit.Usage(fmt.Errorf("--summary %q: want github", word))
	case file == "":
		return nil, exit.Usage(errors.New("--summary github: GITHUB_STEP_SUMMARY names no file: this is no job of GitHub Actions"))
	}
	return context.WithValue(ctx, jobSummary{}, file), nil
}

// appendReport appends the report of the session in dir to file, without its
// pictures: they are files beside it.
func appendReport(file, dir string) error {
	page, err := os.ReadFile(filepath.Join(dir, "report.md"))
	if err != nil {
		return fmt.Errorf("job summary: %w", err)
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("job summary: %w", err)
	}
	_, err = f.WriteString(report.WithoutPictures(string(page)))
	return errors.Join(err, f.Close())
}
