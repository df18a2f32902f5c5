package oldways

// ways is each guard that a fault of the list needs, rows of security first.
// Where the old behaviour would eat the machine, the edit stops short of that.
var ways = []way{
	{"S1", "random temporary names inside an os.Root", "./snapshot", "TestLinksLeadNowhere", []edit{
		{door, "tmp := \".\" + name + \".\" + rand.Text()[:12] + \".tmp\"\n\tf, err := d.New(tmp)", "tmp := name + \".tmp\"\n\tf, err := os.Create(filepath.Join(d.root.Name(), tmp))"},
	}},
	{"S1", "O_EXCL for new files", "./snapshot/internal/door", "TestNewFilesAreNew", []edit{{door, "os.O_CREATE|os.O_EXCL|os.O_RDWR", "os.O_CREATE|os.O_RDWR"}}},
	{"S1", "folders of a mode made and entered inside the root", "./snapshot", "TestLinksLeadNowhere", []edit{
		{door, "\tif err := d.noLink(name); err != nil {\n\t\treturn nil, err\n\t}\n\troot, err := d.root.OpenRoot(name)", "\troot, err := os.OpenRoot(d.Path(name))"},
		{door, "\tif err := d.noLink(path); err != nil {\n\t\treturn nil, err\n\t}\n\tif err := d.root.MkdirAll(path, 0o755); err != nil {", "\tif err := os.MkdirAll(d.Path(path), 0o755); err != nil {"},
	}},
	{"S1", "a lock that is opened inside the root", "./snapshot", "TestLinksLeadNowhere", []edit{
		{door, "regular(d.root.OpenFile(name, os.O_CREATE|os.O_RDWR|syscall.O_NONBLOCK, 0o644))", "regular(os.OpenFile(d.Path(name), os.O_CREATE|os.O_RDWR|syscall.O_NONBLOCK, 0o644))"},
	}},
	{"S2", "the current folder off the interpreter's path", "./runner/torch", "TestProbeRunsNothingOfTheCurrentFolder", []edit{{"runner/torch/doctor.go", "outsideCwd+probe)", "probe)"}}},
	{"S2", "the same, the real `doctor`", "./cli", "TestFaultFiles/planted_python", []edit{{"runner/torch/doctor.go", "outsideCwd+probe)", "probe)"}}},
	{"S3", "places for libraries being absolute", provision, "TestStrangersLibrariesAreNotTaken", []edit{
		{"runner/ort/provision/places.go", "distinct(slices.DeleteFunc(dirs, func(d string) bool { return !filepath.IsAbs(d) }))", "distinct(dirs)"},
		{"runner/ort/provision/find.go", "path string) bool {\n\tif !filepath.IsAbs(path) {", "path string) bool {\n\tif false {"},
	}},
	{"S3", "`.venv` and `venv` of the current folder left out", provision, "TestStrangersLibrariesAreNotTaken", []edit{
		{"runner/ort/provision/places.go", "\tdirs := filepath.SplitList(os.Getenv(\"PYTHONPATH\"))\n", "\there, _ := os.Getwd()\n\tprefixes = append(prefixes, filepath.Join(here, \".venv\"), filepath.Join(here, \"venv\"))\n\tdirs := filepath.SplitList(os.Getenv(\"PYTHONPATH\"))\n"},
	}},
	{"S3", "a look at who may write a library", provision, "TestStrangersLibrariesAreNotTaken", []edit{{"runner/sys/sys_unix.go", "return errors.New(\"everybody may change it\")", "return nil"}}},
	{"S4", "a clean stdout", "./cli", "TestEscapesDieInEveryCommand", []edit{{"cli/root.go", "out := plain.Writer(os.Stdout)\n\troot.SetOut(out)", "out := plain.Writer(os.Stdout)\n\troot.SetOut(os.Stdout)"}}},
	{"S4", "a clean stderr", "./cli", "TestEscapesDieInEveryCommand", []edit{{plainGo, "\ttext := Text(string(all[:whole]))", "\ttext := string(all[:whole])"}}},
	{"S4", "clean progress lines", "./cli", "TestProgressIsClean", []edit{{"cli/run.go", "text := plain.Line(progressText(s, time.Since(p.began)))", "text := progressText(s, time.Since(p.began))"}}},
	{"S4", "a clean report.md", "./snapshot", "TestEscapesDieInFolders", []edit{{"snapshot/report/report.go", "[]byte(plain.Text(d.markdown()))", "[]byte(d.markdown())"}}},
	{"S4", "a clean report.html", "./snapshot", "TestEscapesDieInFolders", []edit{{"snapshot/report/report.go", "[]byte(plain.Text(d.html()))", "[]byte(d.html())"}}},
	{"S4", "clean pictures", "./snapshot/plots", "TestHostileNames", []edit{{"snapshot/plots/plots.go", "[]byte(plain.Text(svg.String()))", "[]byte(plain.Text(\"\") + svg.String())"}}},
	{"S4", "clean cells of a session's tables, formulas too", "./snapshot", "TestEscapesDieInFolders", []edit{{"snapshot/internal/textio/fields.go", "\ts = plain.Cell(s)\n", "\t_ = plain.Cell\n"}}},
	{"S4", "clean cells of analyze's tables, formulas too", "./snapshot", "TestEscapesDieInAnalyses", []edit{{"snapshot/labels/output.go", "cells[i] = plain.Cell(v)", "cells[i] = v\n\t\t\t_ = plain.Cell"}}},
	{"S4", "escapes in JSON", "./snapshot", "TestEscapesDieInFolders", []edit{{plainGo, "\tif bytes.IndexFunc(b, is) < 0 {", "\tif true {"}}},
	{"S5", "a hash for plain http", provision, "TestPlainHTTPNeedsAHash", []edit{{"runner/ort/provision/setup.go", "if u.Scheme == \"http\" && sum == \"\" {", "if false {"}}},
	{"S5", "a check of the hash", provision, "TestPlainHTTPNeedsAHash", []edit{{"runner/ort/provision/setup.go", "!strings.EqualFold(got, strings.TrimSpace(want))", "got == \"\""}}},
	{"S6", "redaction in what a folder keeps", "./cli", "TestWhatAFolderDoesNotTell", []edit{{prepare, "kept := j.cfg.Redacted()", "kept := j.cfg"}}},
	{"S6", "an allow-list of the worker's environment", "./cli", "TestWhatAFolderDoesNotTell", []edit{{prepare, "worker.Environ(env, named...)", "env"}}},
	{"S6", "`--anonymous`", "./cli", "TestWhatAFolderDoesNotTell", []edit{{prepare, "\tif j.cfg.Anonymous {\n\t\tj.names = newAnonymizer()", "\tif false {\n\t\tj.names = newAnonymizer()"}}},

	{"R1", "an end for a worker that has closed its output", "./runner", "TestAWorkerThatHangsIsKilled/closeout:9", []edit{
		{process, "\t\tcase <-time.After(StopGrace):\n\t\t\tp.Kill(", "\t\tcase <-time.After(time.Hour):\n\t\t\tp.Kill("},
	}},
	{"R2", "a search for what a worker left behind", "./runner", "TestWhatAWorkerLeavesBehindIsKilled", []edit{{"runner/worker/tree_linux.go", "range family(pid, cookie)", "range []int(nil)"}}},
	{"R2", "that, and an end of waiting for its pipes", "./runner", "TestWhatAWorkerLeavesBehindIsKilled", []edit{
		{"runner/worker/tree_linux.go", "range family(pid, cookie)", "range []int(nil)"}, {process, "const drainGrace = 300 * time.Millisecond", "const drainGrace = time.Hour"},
	}},
	{"R3", "the watchdog", "./runner", "TestAWorkerThatHangsIsKilled/stall:9", []edit{{watch, "\tnow := clock.Monotonic()\n\td := s.doing(now)\n\tswitch {", "\tif true {\n\t\treturn\n\t}\n\tnow := clock.Monotonic()\n\td := s.doing(now)\n\tswitch {"}}},
	{"R3", "a deadline of the load", "./runner", "TestALoadHasADeadline", []edit{{watch, ", Limit: max(loadWait, s.dog.timeout)}", "}"}}},
	{"R3", "word of a late worker", "./runner", "TestWhatAHungWorkerDoesIsSaidAndLeft", []edit{{watch, "d.Late = d.For > max(lateFloor, lateTimes*d.Usual)", "d.Late = false"}}},
	{"R3", "a failure for requests dropped at the end", "./runner", "TestADurationEndsAHungRun", []edit{{watch, "if !s.end.leaving() && n > 0 {", "if false {"}}},
	{"R3", "telling its own kill from a stranger's", "./runner", "TestAWorkerThatHangsIsKilled/stall:9", []edit{{"runner/worker/exit.go", "case killed != \"\" && (!isExit || signalOf(ee) == syscall.SIGKILL):", "case false:"}}},
	{"R4", "heed of the second signal", "./cli", "TestSignalsEndAHungRun", []edit{{ending, "case n > 1:", "case n > 1<<30:"}}},
	{"R4", "the short wait after the first", "./cli", "TestSignalsEndAHungRun", []edit{{watch, "quitWait   = 5 * time.Second", "quitWait   = 30 * time.Second"}}},
	{"R4", "heed of the second q", "./runner", "TestWhatAHungWorkerDoesIsSaidAndLeft", []edit{{"runner/control.go", "\t\t\t\ts.hurry() // asked twice\n", ""}}},
	{"R4", "a signal after q being the second wish", "./cli", "TestTheScreenOfAHungWorkerIsLeft", []edit{{ending, "e.asked = max(e.asked, 1)", "_ = e.asked"}}},
	{"R5", "heed of the first signal in what is no session", "./cli", "TestTheFirstSignalEndsWhatIsNoSession", []edit{{ending, "case e.patient.Load() == 0:", "case false:"}}},
	{"R5", "an open that waits for no pipe", "./configs/regular", "TestOnlyFilesAreOpened", []edit{{"configs/regular/regular.go", "os.O_RDONLY|syscall.O_NONBLOCK", "os.O_RDONLY|0*syscall.O_NONBLOCK"}}},
	{"R5", "a look before `setup` opens", "./cli", "TestNamedPipesAreNotWaitedFor", []edit{{"runner/ort/provision/setup.go", "if err == nil && !st.IsDir() && !st.Mode().IsRegular() {", "if false {"}}},
	{"R5", "a look at what lies in a folder", "./snapshot", "TestOnlyFilesAreRead", []edit{{door, "os.O_RDONLY|syscall.O_NONBLOCK", "os.O_RDONLY"}}},
	{"R6", "only segments that are there", "./snapshot", "TestSegmentNumberFromAStranger", []edit{
		{segments, "\tslices.Sort(ns)\n", "\tslices.Sort(ns)\n\tfor n := range ns[len(ns)-1] {\n\t\t_ = dir.Has(strconv.Itoa(n))\n\t}\n"},
	}},
	{"R7", "damage that is no error", "./snapshot", "TestFlippedBitCostsItsPage", []edit{
		{"snapshot/journal/part.go", "\t\td.Frames++\n\t\treturn d, rest.until(1<<63, yield)\n", "\t\treturn d, err\n"},
	}},
	{"R7", "one page that is lost, not the group", "./snapshot", "TestFlippedBitCostsItsPage", []edit{{"snapshot/journal/columns.go", "\t\tc.give(int64(n))\n", "\t\treturn 0, fmt.Errorf(\"%s is damaged\", c.path)\n"}}},
	{"R8", "refusal of a word out of turn", "./runner", "TestAWordOutOfTurn", []edit{{"runner/handshake.go", "if s.eng.hello == nil || s.eng.loaded != nil {", "if false {"}}},
	{"R8", "the catch around the session", "./runner", "TestAPanicFailsTheSession", []edit{
		{"runner/session.go", "guard.Catch(\"the session\", func() { s.loop(ctx, wctx) })", "func() *guard.Panic { s.loop(ctx, wctx); return nil }()"},
	}},
	{"R8", "somebody in charge of panics", "./cli", "TestAPanicRestoresTheTerminal", []edit{{ending, "guard.OnPanic(e.takePanic)", "_ = guard.OnPanic"}}},
	{"R8", "the terminal given back on SIGQUIT", "./cli", "TestSIGQUITRestoresTheTerminal", []edit{{ending, "\tif s == syscall.SIGQUIT || s == syscall.SIGABRT {\n\t\te.restore()\n", "\tif s == syscall.SIGQUIT || s == syscall.SIGABRT {\n"}}},
	{"R9", "the line of the crash", "./runner", "TestACrashSaysWhatCrashed", []edit{{"runner/worker/exit.go", "case crash != \"\":", "case false:"}}},
	{"R10", "the bound of the credit", "./runner", "TestCreditIsBounded", []edit{{"runner/engine.go", "const maxCredit = 4096", "const maxCredit = 1 << 40"}}},
	{"R11", "the bound of the log", "./runner/worker", "TestTheLogIsBounded", []edit{{"runner/worker/log.go", "piece := rest[:min(int64(len(rest)), l.half-l.n)]", "piece := rest"}, {"runner/worker/log.go", "if l.n >= l.half {", "if false {"}}},
	{"R11", "the log's part of `--max-disk`", "./cli", "TestAFloodedLogFitsTheBound", []edit{{prepare, "return min(n/10, maxLog)", "return maxLog"}}},
	{"R12", "the state of a folder that lacks something", "./snapshot", "TestDamageWhileItRuns", []edit{{"snapshot/folder/collect.go", "\t\t\tm.State = StateDamaged\n", ""}}},
	{"R12", "the bound of steps where they are written", "./snapshot", "TestWhatIsWrittenCanBeRead", []edit{{writer, "if len(steps) > maxSteps {", "if false {"}}},
	{"R12", "the bound of an event where it is written", "./snapshot", "TestWhatIsWrittenCanBeRead", []edit{{writer, "size > maxEvent {", "size < 0 {"}}},
	{"R12", "the bound of a record where it is written", "./snapshot", "TestWhatIsWrittenCanBeRead", []edit{{writer, "size > maxFrame-2*frameTarget {", "size < 0 {"}}},
	{"R13", "disbelief of figures that cannot be", "./runner", "TestImpossibleFiguresAreFailures", []edit{{plausible, "b *protocol.Batch, i int, now int64) string {\n", "b *protocol.Batch, i int, now int64) string {\n\treturn \"\"\n"}}},
	{"R13", "refusal of rows that nobody asked for", "./runner", "TestRowsThatNobodyAskedFor", []edit{{plausible, "b *protocol.Batch, i int) error {\n", "b *protocol.Batch, i int) error {\n\treturn nil\n"}}},
	{"R14", "the time of a pattern", "./configs/tokens", "TestACatastrophicPatternEnds", []edit{{"configs/tokens/file.go", "\tre.MatchTimeout = patternTime\n", ""}}},
	{"R15", "SIGPIPE being an error of a print", "./cli", "TestAClosedPipeDoesNotEndARun", []edit{{ending, "signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)", "_ = syscall.SIGPIPE"}}},
	{"R16", "the bound of a line of traffic", "./runner/plan", "TestATrafficLineIsBounded", []edit{{"runner/plan/traffic_read.go", "const maxTrafficLine = 1 << 20", "const maxTrafficLine = 1 << 28"}}},
	{"R17", "large lines read one at a time, and cut", "./cli", "TestLargeLinesAreReadOneAtATime", []edit{{process, "large := r.Size() > largeLine", "large := false"}, {plausible, "\tif len(s) <= n {\n\t\treturn s\n\t}\n\treturn strings", "\tif true {\n\t\treturn s\n\t}\n\treturn strings"}}},
	{"R17", "bounds of texts", "./runner", "TestTextsAreBounded", []edit{{plausible, "\tif len(s) <= n {\n\t\treturn s\n\t}\n\treturn strings", "\tif true {\n\t\treturn s\n\t}\n\treturn strings"}}},
	{"R18", "the bound of segments", "./snapshot", "TestManySegments", []edit{{"snapshot/folder/collect.go", "const maxSegments = 1000", "const maxSegments = 1 << 30"}}},
	{"R18", "the bound of steps that statistics take", "./snapshot/folder", "TestStepsAreBounded", []edit{{"snapshot/folder/collect.go", " && c.steps+n <= analysisSteps", ""}}},
	{"R19", "a look at the folder's place", "./snapshot", "TestFolderThatIsGone", []edit{{"snapshot/journal/bound.go", "dir := w.seg.dir; dir.Moved()", "dir := w.seg.dir; false && dir.Moved()"}}},

	{"near", "a look for room beforehand", "./snapshot/folder", "TestRoomIsCheckedBeforehand", []edit{{"snapshot/folder/writer.go", "ok && free < need", "ok && free < 0*need"}}},
	{"near", "recovery to elsewhere leaving the folder", "./snapshot", "TestRecoverElsewhere", []edit{{"snapshot/folder/recover.go", "err != nil || out != \"\" {\n\t\treturn m, err", "err != nil {\n\t\treturn m, err"}}},
	{"near", "formulas made harmless", "./runner/plain", "TestPlain", []edit{{plainGo, "\ts = Line(s)\n\tif formula(s) {", "\ts = Line(s)\n\tif false {"}}},
	{"found since", "a look for segments copied", "./snapshot", "TestStrangeJournals", []edit{{segments, "if s.copied(seen, seg) {", "if false && s.copied(seen, seg) {"}}},
	{"found since", "a count that outlives the file of its page", "./snapshot/journal", "TestACountThatIsCutShort", []edit{{"snapshot/journal/counter.go", "debug.SetPanicOnFault(true)", "debug.SetPanicOnFault(false)"}}},
	{"found since", "a look whether what was printed arrived", "./cli", "TestWhatIsPrintedMustArrive", []edit{{"cli/root.go", "if err == nil && out.Err() != nil &&", "if false && out.Err() != nil &&"}}},
	{"found since", "a look for the folder after the run", "./cli", "TestAFolderMovedUnderARun", []edit{{prepare, "if _, err := os.Stat(j.opts.Dir); errors.Is(err, fs.ErrNotExist) {", "if false && errors.Is(nil, fs.ErrNotExist) {\n\t\tvar err error\n\t\t_ = err"}}},
	{"R13", "instants that can be, in a replay", "./snapshot/replay", "TestInstantsThatCannotBe", []edit{{"snapshot/replay/replay.go", "return t, ok && t >= 0 && !far", "return t, ok || far"}}},
	{"found since", "refusal of a server's redirects", "./runner/openai", "TestARedirectIsNotFollowed", []edit{{"runner/openai/probe.go", "\t\t\treturn fmt.Errorf(\"it redirects to", "\t\t\treturn nil\n\t\t\treturn fmt.Errorf(\"it redirects to"}}},
	{"found since", "a mark of the order of bytes taken off", "./configs", "TestAMarkOfTheOrderOfBytesIsNoKey", []edit{{"configs/load.go", "\tb = bytes.TrimPrefix(b, []byte(\"\\ufeff\")) // as editors", "\t_ = bytes.TrimPrefix // as editors"}}},
}

const (
	door      = "snapshot/internal/door/door.go"
	plainGo   = "runner/plain/plain.go"
	provision = "./runner/ort/provision"
	prepare   = "cli/prepare.go"
	process   = "runner/worker/process.go"
	watch     = "runner/watch.go"
	ending    = "cli/ending.go"
	segments  = "snapshot/journal/segments.go"
	writer    = "snapshot/journal/writer.go"
	plausible = "runner/plausible.go"
)
