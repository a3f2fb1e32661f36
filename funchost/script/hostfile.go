package script

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// HostFile is host.json with its defaults.
type HostFile struct {
	Worker          Worker
	Queues          Queues
	RoutePrefix     string
	FunctionTimeout time.Duration // 0: none
	Bundle          string        // extension bundle range; empty: no storage extension
	AllowList       []string      // functions to load; empty: all
}

// Worker is customHandler.
type Worker struct {
	Executable       string // absolute, or a command to find on PATH
	Arguments        string // joined by single spaces, unquoted
	WorkingDirectory string // absolute
	StdErrOnlyErrors bool
	Forward          bool // enableForwardingHttpRequest
	InitTimeout      time.Duration
	Port             int // 0: random
}

// Queues is extensions.queues.
type Queues struct {
	BatchSize, NewBatchThreshold, MaxDequeueCount int
	MaxPollingInterval, VisibilityTimeout         time.Duration
	Base64                                        bool // messageEncoding
}

// refused are settings that change the host's behaviour in ways this stand-in
// does not play; silence about them would mislead.
var refused = map[string]string{
	"httpWorker":                            "the legacy section httpWorker is not supported; use customHandler",
	"customHandler:http":                    "customHandler.http is not supported; write function.json files",
	"retry":                                 "host.json retry is not supported; with queues it multiplies attempts",
	"concurrency:dynamicConcurrencyEnabled": "dynamic concurrency is not supported",
	"configurationProfile":                  "configuration profiles are not supported",
}

// ParseHost reads host.json for the script root's absolute path.
func ParseHost(raw []byte, root string, settings Settings) (HostFile, error) {
	f, err := flatten(raw, settings)
	if err != nil {
		return HostFile{}, fmt.Errorf("host.json: %w", err)
	}
	if version := f.text("version"); version != "2.0" {
		return HostFile{}, fmt.Errorf("host.json: version is %q, must be \"2.0\"", version)
	}
	for key, why := range refused {
		if f.has(key) && !strings.EqualFold(f.text(key), "false") {
			f.faults = append(f.faults, errors.New(why))
		}
	}
	h := HostFile{
		Worker:          f.worker(root, settings),
		Queues:          f.queues(),
		RoutePrefix:     f.routePrefix(),
		FunctionTimeout: f.functionTimeout(),
		Bundle:          f.bundle(),
		AllowList:       f.list("functions"),
	}
	if err := errors.Join(f.faults...); err != nil {
		return HostFile{}, fmt.Errorf("host.json: %w", err)
	}
	return h, nil
}

func (f *flat) worker(root string, settings Settings) Worker {
	const at = "customHandler:"
	if !f.has(at + "description") {
		f.fault(at+"description", errors.New("missing: this is not a custom handler app"))
		return Worker{}
	}
	if f.flag(at+"enableProxyingHttpRequest", false) {
		f.fault(at+"enableProxyingHttpRequest", errors.New("not supported by this host; enableForwardingHttpRequest is"))
	}
	command := settings.Expand(f.text(at + "description:defaultExecutablePath"))
	if command == "" {
		f.fault(at+"description:defaultExecutablePath", errors.New("missing"))
	}
	return Worker{
		Executable:       executable(command, below(root, f.text(at+"description:workerDirectory"))),
		Arguments:        f.arguments(settings),
		WorkingDirectory: below(root, f.text(at+"description:workingDirectory")),
		StdErrOnlyErrors: f.flag(at+"description:useStdErrorStreamForErrorsOnly", true),
		Forward:          f.flag(at+"enableForwardingHttpRequest", false),
		InitTimeout:      f.span(at+"initializationTimeout", 30*time.Second, time.Millisecond),
		Port:             f.number(at+"port", 0, 1, 65535),
	}
}

// arguments joins everything the description puts on the command line, in the
// host's order.
func (f *flat) arguments(settings Settings) string {
	const at = "customHandler:description:"
	var words []string
	for _, argument := range f.list(at + "arguments") {
		words = append(words, settings.Expand(argument))
	}
	if path := f.text(at + "defaultWorkerPath"); path != "" {
		words = append(words, `"`+path+`"`)
	}
	for _, argument := range f.list(at + "workerArguments") {
		words = append(words, settings.Expand(argument))
	}
	return strings.Join(words, " ")
}

func below(root, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(root, path)
}

// executable is the file in the worker directory when there is one, else a
// command for PATH.
func executable(command, dir string) string {
	if path := below(dir, command); command != "" && isFile(path) {
		return path
	}
	return command
}

func (f *flat) queues() Queues {
	const at = "extensions:queues:"
	q := Queues{
		BatchSize:          f.number(at+"batchSize", 16, 1, 32),
		MaxDequeueCount:    f.number(at+"maxDequeueCount", 5, 1, math.MaxInt32),
		MaxPollingInterval: f.span(at+"maxPollingInterval", time.Minute, 100*time.Millisecond),
		VisibilityTimeout:  f.span(at+"visibilityTimeout", 0, 0),
		Base64:             true,
	}
	q.NewBatchThreshold = f.number(at+"newBatchThreshold", q.BatchSize/2*runtime.NumCPU(), 0, math.MaxInt32)
	switch encoding := strings.ToLower(f.text(at + "messageEncoding")); encoding {
	case "", "base64":
	case "none":
		q.Base64 = false
	default:
		f.fault(at+"messageEncoding", fmt.Errorf("%q is neither base64 nor none", encoding))
	}
	return q
}

func (f *flat) routePrefix() string {
	if _, set := f.values["extensions:http:routeprefix"]; !set {
		return "api"
	}
	return strings.Trim(f.text("extensions:http:routePrefix"), "/")
}

// functionTimeout defaults to 30 minutes, as everywhere but on Consumption.
func (f *flat) functionTimeout() time.Duration {
	if f.text("functionTimeout") == "-1" {
		return 0
	}
	return f.span("functionTimeout", 30*time.Minute, time.Second)
}

var versionRange = regexp.MustCompile(`^[[(]\s*\d+\.[\d*]+(\.[\d*]+)?\s*,\s*\d+\.[\d*]+(\.[\d*]+)?\s*[\])]$`)

func (f *flat) bundle() string {
	version := f.text("extensionBundle:version")
	if id := f.text("extensionBundle:id"); id == "" && version == "" {
		return ""
	} else if id == "" {
		f.fault("extensionBundle:id", errors.New("missing"))
	}
	if !versionRange.MatchString(version) {
		f.fault("extensionBundle:version", fmt.Errorf("%q is not a version range such as [4.0.0, 5.0.0)", version))
	}
	return version
}
