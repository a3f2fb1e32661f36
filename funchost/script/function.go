package script

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Function is one valid function. Exactly one of Queue, Timer and HTTP is set.
type Function struct {
	Name     string
	Trigger  Binding
	Outputs  []Binding
	Disabled bool
	// ScriptFile needs not be given for a custom handler; if it is, it must exist.
	ScriptFile string

	Queue *Queue
	Timer *Timer
	HTTP  *HTTP
}

// Raw reports whether the function's HTTP request is forwarded as it is when
// host.json says so: one httpTrigger and one http output, nothing else.
func (f *Function) Raw() bool {
	return f.HTTP != nil && len(f.Outputs) == 1 && f.Outputs[0].Is("http")
}

var functionName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,127}$`)

// ParseFunction reads function.json of the folder with the given name.
func ParseFunction(name string, raw []byte, settings Settings) (*Function, error) {
	if !functionName.MatchString(name) || strings.EqualFold(name, "host") {
		return nil, fmt.Errorf("%q is not a valid function name", name)
	}
	var file struct {
		Bindings   []json.RawMessage `json:"bindings"`
		Retry      json.RawMessage   `json:"retry"`
		ScriptFile string            `json:"scriptFile"`
	}
	if err := json.Unmarshal(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")), &file); err != nil {
		return nil, fmt.Errorf("function.json: %w", err)
	}
	if file.Retry != nil {
		return nil, errors.New("function.json: retry is not supported by this host")
	}
	if len(file.Bindings) == 0 {
		return nil, errors.New("at least one binding must be declared")
	}
	f := &Function{
		Name:       name,
		ScriptFile: file.ScriptFile,
		Disabled:   settings.Enabled("AzureWebJobs."+name+".Disabled") || settings.Enabled("AzureWebJobs_"+name+"_Disabled"),
	}
	if err := f.bind(file.Bindings, settings); err != nil {
		return nil, err
	}
	return f, f.readTrigger()
}

func (f *Function) bind(raw []json.RawMessage, settings Settings) error {
	var all []Binding
	triggers := 0
	for _, entry := range raw {
		b, err := parseBinding(entry, settings)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(all, func(o Binding) bool { return strings.EqualFold(o.Name, b.Name) }) {
			return fmt.Errorf("binding %q: the name appears twice", b.Name)
		}
		all = append(all, b)
		if b.IsTrigger() {
			f.Trigger, triggers = b, triggers+1
			continue
		}
		if b.Is("queue") {
			if _, err := b.Queue(); err != nil {
				return fmt.Errorf("binding %q: %w", b.Name, err)
			}
		}
		f.Outputs = append(f.Outputs, b)
	}
	if triggers != 1 {
		return fmt.Errorf("%d trigger bindings, want exactly one", triggers)
	}
	return nil
}

func (f *Function) readTrigger() error {
	var err error
	switch {
	case f.Trigger.Is("queueTrigger"):
		var q Queue
		q, err = f.Trigger.Queue()
		f.Queue = &q
	case f.Trigger.Is("timerTrigger"):
		var t Timer
		t, err = f.Trigger.timer()
		f.Timer = &t
	case f.Trigger.Is("httpTrigger"):
		var h HTTP
		h, err = f.Trigger.http(f.Name)
		f.HTTP = &h
	}
	if err != nil {
		return fmt.Errorf("binding %q: %w", f.Trigger.Name, err)
	}
	return nil
}

// usesStorageExtension reports whether the function needs the extension bundle.
func (f *Function) usesStorageExtension() bool {
	return f.Queue != nil || slices.ContainsFunc(f.Outputs, func(b Binding) bool { return b.Is("queue") })
}
