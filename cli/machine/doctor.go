package machine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/ort/provision"
	"github.com/tailscope/tailscope/runner/plain"
)

// status is how a check ended.
type status string

const (
	works status = "yes"  // tried, and it works
	lacks status = "no"   // tried, and it does not
	noted status = "note" // it works, and something about it matters
)

// check is one line of the doctor's report.
type check struct {
	Name   string `json:"name"`
	Status status `json:"status"`
	Text   string `json:"text"` // a sentence or a phrase
	below  bool   // belongs to the line above it
}

// label is the name as it is printed.
func (c check) label() string {
	if c.below {
		return "  " + c.Name
	}
	return c.Name
}

// diagnosis is the report of tailscope doctor --json.
type diagnosis struct {
	Schema    string                     `json:"schema"`
	CanRun    []string                   `json:"can_run"` // engines that can measure here
	Checks    []check                    `json:"checks"`
	Providers []provision.ProviderReport `json:"providers"`
}

func (d *diagnosis) add(name string, s status, format string, args ...any) {
	d.Checks = append(d.Checks, check{Name: name, Status: s, Text: fmt.Sprintf(format, args...)})
}

// NewDoctorCmd says what this machine can run.
func NewDoctorCmd() *cobra.Command {
	var asJSON bool
	var library, probe, python, out string
	var threads int
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "What this machine can really run, tried, not guessed",
		Long: "Loads ONNX Runtime and runs a small model on each of its providers, asks the GPU's driver and\n" +
			"Python, writes into the output folder, and looks for what makes measurements noisy.\n" +
			"It fetches nothing. Exit code 1: no engine can run.",
		Args: exit.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if probe != "" {
				return probeLibrary(c.OutOrStdout(), probe)
			}
			d := diagnose(c.Context(), library, configs.Torch{Python: python}, out, threads)
			if err := c.Context().Err(); err != nil {
				return errors.New("doctor was interrupted")
			}
			if asJSON {
				if err := output.JSON(c.OutOrStdout(), d); err != nil {
					return err
				}
			} else {
				printDiagnosis(c.OutOrStdout(), d)
			}
			if len(d.CanRun) == 0 {
				return errors.New("no engine can run on this machine: see the lines marked ✗")
			}
			if !asJSON {
				output.Next("tailscope, the live screen, or tailscope examples")
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print JSON")
	f.StringVar(&library, "library", "", "path of the ONNX Runtime library")
	f.StringVar(&python, "python", "", "Python interpreter of the torch engine")
	f.StringVar(&out, "out", configs.Default().Out, "folder for session folders")
	f.IntVar(&threads, "threads", 0, "compute threads that a run would be given; 0: as many as it takes by itself")
	f.StringVar(&probe, "probe", "", "")
	_ = f.MarkHidden("probe")
	return cmd
}

// diagnose runs every check, dear ones last.
func diagnose(ctx context.Context, library string, t configs.Torch, out string, threads int) *diagnosis {
	d := &diagnosis{Schema: "tailscope.doctor/1", CanRun: []string{}, Providers: []provision.ProviderReport{}}
	d.machine()
	d.ort(ctx, library)
	d.torch(ctx, t)
	d.telemetry()
	d.terminal()
	d.folder(out)
	d.noise(threads)
	return d
}

// probeLibrary tries the providers of a library. It runs in a process of its
// own: a driver that crashes takes only that along.
func probeLibrary(w io.Writer, lib string) error {
	reports, err := probeORT(lib)
	if err != nil {
		return err
	}
	return json.NewEncoder(plain.JSONWriter(w)).Encode(reports)
}

// probeTimeout bounds the trial of all providers: TensorRT and a cold WebGPU
// take seconds.
const probeTimeout = 2 * time.Minute

// probeApart runs probeLibrary in a process of its own.
func probeApart(ctx context.Context, lib string) ([]provision.ProviderReport, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, self, "doctor", "--probe", lib)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &stdout, &stderr, time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() == context.DeadlineExceeded {
			return nil, fmt.Errorf("the providers did not answer within %v", probeTimeout)
		}
		return nil, fmt.Errorf("%w: %s", err, strings.TrimPrefix(firstLine(stderr.String()), "tailscope: "))
	}
	// Native libraries print on stdout too: the report is the last line.
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	var reports []provision.ProviderReport
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &reports); err != nil {
		return nil, fmt.Errorf("the trial of the providers answered nonsense: %w", err)
	}
	return reports, nil
}

// firstLine is the first line that says something.
func firstLine(s string) string {
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			return ansi.Truncate(line, 300, "…")
		}
	}
	return "it said nothing"
}

// printDiagnosis prints one line a check, wrapped beside its name.
func printDiagnosis(w io.Writer, d *diagnosis) {
	width, name := 80, 0
	if cols := output.Width(w); cols > 40 {
		width = min(cols, 120)
	}
	for _, c := range d.Checks {
		name = max(name, len(c.label()))
	}
	marks := map[status]string{works: "✓", lacks: "✗", noted: "·"}
	for _, c := range d.Checks {
		head := fmt.Sprintf("%s %-*s  ", marks[c.Status], name, c.label())
		indent := strings.Repeat(" ", name+4)
		text := output.Wrap(c.Text, width-name-4, "/")
		fmt.Fprintln(w, head+strings.ReplaceAll(text, "\n", "\n"+indent))
	}
	if len(d.CanRun) > 0 {
		fmt.Fprintln(w, "\nCan run here: "+strings.Join(d.CanRun, "; ")+".")
	}
}
