package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/tui"
	"github.com/tailscope/tailscope/tui/internal/demo"
)

func main() {
	ahead := flag.Duration("ahead", 40*time.Second, "simulated before the first frame")
	gpu := flag.Bool("gpu", false, "with a GPU")
	plain := flag.Bool("plain", false, "ASCII only")
	phase := flag.String("phase", "", "show only this phase: starting, failed, stale, replay")
	toggle := flag.Duration("toggle", 0, "switch to padded after this much simulated time")
	flag.Parse()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	views, commands := make(chan view.View, 1), make(chan view.Command, 8)
	go feed(ctx, *ahead, *toggle, *gpu, *phase, views, commands)
	if err := tui.Run(ctx, views, commands, tui.Options{Plain: *plain}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func feed(ctx context.Context, ahead, toggle time.Duration, gpu bool, phase string, views chan view.View, commands <-chan view.Command) {
	defer close(views)
	if phase == "starting" || phase == "failed" {
		views <- still(phase)
		<-ctx.Done()
		return
	}
	s := demo.New(7, gpu)
	if toggle > 0 {
		s.Step(toggle)
		s.Do(view.Command{Action: view.ActStrategy, Arg: "padded"})
	}
	s.Step(ahead)
	tick := time.NewTicker(33 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-commands:
			s.Do(c)
		case <-tick.C:
			s.Step(33 * time.Millisecond)
			v := s.View()
			if phase == "replay" {
				v.Replay = &view.Replay{PosNs: v.NowNs - v.StartNs, LenNs: 300e9, Speed: 1, Playing: true}
			}
			select {
			case <-views:
			default:
			}
			views <- v
			if phase == "stale" {
				<-ctx.Done()
				return
			}
		}
	}
}

func still(phase string) view.View {
	v := view.View{Phase: view.Phase(phase), Progress: 0.62, Status: "Fetching ONNX Runtime 1.30.0 (45.8 MB), once: 28.4 MB so far.", Session: view.Session{Model: "builtin:gpt2-mini", ProviderAsked: "auto"}}
	if phase == "failed" {
		v.Progress = math.NaN()
		v.Status = "The provider cuda was asked for and is not there: libonnxruntime_providers_cuda.so was not found. Install onnxruntime-gpu, point --library at it, or leave --provider at auto."
	}
	return v
}
