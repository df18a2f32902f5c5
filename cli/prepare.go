package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/machine"
	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/configs/tokens"
	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/gpu/nvml"
	"github.com/tailscope/tailscope/runner"
	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/ort/provision"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/sys"
	"github.com/tailscope/tailscope/runner/torch"
	"github.com/tailscope/tailscope/runner/worker"
	"github.com/tailscope/tailscope/snapshot"
	"github.com/tailscope/tailscope/snapshot/folder"
)

// job is a session that is ready to run: engine found, model in place, folder
// made.
type job struct {
	cfg        *configs.Config
	opts       runner.Options
	writer     *folder.Writer
	log        *worker.Log        // the worker's stderr
	names      anonymizer         // of --anonymous
	mayDiverge bool               // --allow-divergence
	stop       context.CancelFunc // ends telemetry
}

// noFloor is the --noise that takes none, also of this machine.
const noFloor = "none"

// prepare finds the engine and the model, makes the session folder and starts
// telemetry. Progress of long work goes to progress.
func prepare(ctx context.Context, cfg *configs.Config, progress io.Writer) (*job, error) {
	j, err := prepareWorker(ctx, cfg, progress)
	if err != nil {
		return nil, err
	}
	return j, j.begin(ctx)
}

// prepareWorker is prepare without a folder.
func prepareWorker(ctx context.Context, cfg *configs.Config, progress io.Writer) (*job, error) {
	place, err := worker.Placer(cfg.CPUs)
	if err != nil {
		return nil, exit.Usage(err)
	}
	if cfg.Threads <= 0 {
		cfg.Threads = place(cfg.Pairing).Threads()
	}
	j := &job{cfg: cfg, opts: runner.Options{Config: cfg, Place: place}}
	if err := j.engine(ctx, progress); err != nil {
		return nil, err
	}
	if err := countTexts(cfg, j.opts.Model); err != nil {
		return nil, exit.Usage(err)
	}
	if cfg.Traffic != "" {
		rows, err := plan.ReadTraffic(cfg.Traffic, cfg.Arrivals == "recorded")
		if err != nil {
			return nil, exit.Usage(err)
		}
		j.opts.Traffic = rows
	}
	if cfg.Noise != "" && cfg.Noise != noFloor {
		floors, err := snapshot.NoiseFloors(cfg.Noise)
		if err != nil {
			return nil, exit.Usage(err)
		}
		j.opts.Noise = floors
	} else if cfg.Noise == "" && !cfg.AA {
		floors, err := snapshot.Floors(cfg)
		if err != nil {
			return nil, err
		}
		j.opts.Noise = floors
	}
	return j, nil
}

// begin makes the session folder and starts telemetry.
func (j *job) begin(ctx context.Context) error {
	if err := j.folder(); err != nil {
		return err
	}
	cfg := j.cfg
	if iv := cfg.GPUInterval.D(); iv > 0 {
		gctx, cancel := context.WithCancel(ctx)
		j.stop = cancel
		j.opts.GPU = gpu.Start(gctx, gpu.Options{Index: cfg.Device, Interval: iv, Open: nvml.Open, Now: clock.Monotonic})
	}
	return nil
}

// engine decides what the worker process is.
func (j *job) engine(ctx context.Context, progress io.Writer) (err error) {
	cfg := j.cfg
	switch cfg.Engine {
	case "torch":
		j.opts.Engine.Argv, j.opts.Engine.Env, err = torch.Command(cfg.Torch)
		j.opts.Model, j.opts.Engines = cfg.Model, torch.Options(cfg.Torch)
		return err
	case "cmd":
		if cfg.EngineCmd == "" {
			return exit.Usage(errors.New("engine cmd needs --engine-cmd 'COMMAND …'"))
		}
		j.opts.Engine.Argv, j.opts.Model = sys.Shell(cfg.EngineCmd), cfg.Model
		return nil
	}
	if !machine.OrtBuiltIn {
		return exit.Usage(exit.ErrNoORT)
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	lib, err := provision.Ensure(ctx, provision.Options{Library: cfg.Library, Progress: progress})
	if err != nil {
		return err
	}
	if j.opts.Model, err = onnxmodel.Resolve(cfg.Model); err != nil {
		return exit.Usage(err)
	}
	if !strings.HasPrefix(cfg.Model, "builtin:") { // a worker would say the same, later and less plainly
		if _, err := onnxmodel.Inspect(j.opts.Model); err != nil {
			return exit.Usage(err)
		}
	}
	j.opts.Engine.Argv = []string{self, "worker", "--library", lib}
	return nil
}

// countTexts makes lengths of the text prompts, with the tokenizer.json beside
// the model. The session's own configuration has the lengths.
func countTexts(cfg *configs.Config, model string) error {
	if !cfg.HasTexts() {
		return nil
	}
	path := tokens.Beside(model)
	if path == "" {
		return cfg.CountTexts(func(string) (int, error) {
			return 0, fmt.Errorf("text cannot be run: no tokenizer.json is beside the model %s; give the prompt's length as tokens: N", cfg.Model)
		})
	}
	c, err := tokens.Open(path)
	if err != nil {
		return fmt.Errorf("text prompts cannot be counted, give lengths as tokens: N: %w", err)
	}
	return cfg.CountTexts(c.Count)
}

// folder makes the session folder with its journal, and the worker's log.
func (j *job) folder() error {
	kept := j.cfg.Redacted()
	yaml, err := kept.YAML()
	if err != nil {
		return err
	}
	id, dir, err := folder.NewRunID(j.cfg.Out, time.Now())
	if err != nil {
		return err
	}
	j.opts.RunID, j.opts.Dir = id, dir
	m := folder.NewManifest(kept, id, clock.Monotonic(), time.Now())
	m.Settings.Noise = j.opts.Noise
	if j.cfg.Anonymous {
		j.names = newAnonymizer()
		if err := apply(j.names, &m); err != nil {
			return err
		}
		m.Host.Name, yaml = "", []byte(j.names.r.Replace(string(yaml)))
	}
	if j.writer, err = snapshot.Create(dir, m, yaml); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(dir, "worker.log"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("make the worker's log: %w", err)
	}
	j.log = worker.NewLog(log, logBytes(j.cfg))
	j.opts.Engine.Log, j.opts.Sink = j.log, j.writer
	if j.cfg.Anonymous {
		j.opts.Engine.Log, j.opts.Sink = &anonymousLog{w: j.log, a: j.names}, anonymousSink{j.writer, j.names}
	}
	j.workerEnv()
	return nil
}

// maxLog bounds worker.log, in bytes; under --max-disk it is a tenth of that.
const maxLog = 16 << 20

func logBytes(cfg *configs.Config) int64 {
	if n, err := cfg.MaxDiskBytes(); err == nil && n > 0 {
		return min(n/10, maxLog)
	}
	return maxLog
}

// workerEnv gives the worker its part of the environment.
func (j *job) workerEnv() {
	env, named := j.opts.Engine.Env, j.cfg.EngineEnv
	if env == nil {
		env = os.Environ()
	}
	if j.cfg.Engine == "openai" {
		named = append(slices.Clone(named), keyVariable)
	}
	j.opts.Engine.Env = worker.Environ(env, named...)
}

// run runs the session and finishes its folder, whatever happened.
func (j *job) run(ctx context.Context) (runner.Result, error) {
	e := endingOf(ctx)
	defer e.session()()
	j.opts.Hurry = e.hurry
	s, err := runner.NewSession(j.opts)
	if err != nil {
		j.close()
		return runner.Result{}, exit.Usage(err)
	}
	restore := letGarbageLie()
	res := s.Run(ctx)
	restore()
	if p := e.panic(); p != nil && res.Err == nil {
		res.Reason, res.Err = "failed", p
	}
	j.close()
	end := folder.End{Reason: j.told(endSentence(res)), Err: j.toldError(res.Err), TNs: clock.Monotonic(), Time: time.Now(), DroppedView: res.Dropped}
	if err := j.writer.Finish(end); err != nil {
		return res, errors.Join(res.Err, fmt.Errorf("finish the session folder %s: %w", j.opts.Dir, err))
	}
	if _, err := os.Stat(j.opts.Dir); errors.Is(err, fs.ErrNotExist) {
		return res, errors.Join(res.Err, fmt.Errorf("the session folder %s was moved while the session ran: it is finished where it is now", j.opts.Dir))
	}
	return res, res.Err
}

// told is a text as the folder keeps it.
func (j *job) told(s string) string {
	if j.names.r != nil {
		s = j.names.r.Replace(s)
	}
	return s
}

func (j *job) toldError(err error) error {
	if err == nil || j.names.r == nil {
		return err
	}
	return errors.New(j.told(err.Error()))
}

// endSentence says how a session ended, and what it missed.
func endSentence(res runner.Result) string {
	s := cmp.Or(endWords[res.Reason], res.Reason)
	if res.Missed != "" {
		s += ". " + strings.TrimSuffix(res.Missed, ".")
	}
	return s
}

var endWords = map[string]string{
	"repetitions": "all repetitions done",
	"duration":    "the duration was over",
	"until":       "the stop rule held",
	"quit":        "ended by its user",
	"interrupted": "interrupted by a signal",
	"ended":       "what was observed has ended",
}

func (j *job) close() {
	if j.stop != nil {
		j.stop()
	}
	_ = j.log.Close() // nothing to lose: stderr of a worker that has ended
}
