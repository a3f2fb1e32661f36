package shape

import (
	"fmt"
	"slices"
)

// Form is what a place in a document may hold.
type Form struct {
	Kinds    []string         // of object, array, string, number, boolean; empty: only null was seen
	Members  map[string]*Form // of objects
	Required []string         // members that every object at this place has
	Element  *Form            // of arrays; nil when all were empty
	objects  int
}

// Of learns the form of decoded JSON documents.
func Of(documents ...any) *Form {
	f := &Form{Members: map[string]*Form{}}
	for _, d := range documents {
		f.learn(d)
	}
	return f
}

func (f *Form) learn(document any) {
	kind := kindOf(document)
	if kind != "" && !slices.Contains(f.Kinds, kind) {
		f.Kinds = append(f.Kinds, kind)
	}
	switch d := document.(type) {
	case map[string]any:
		f.learnObject(d)
	case []any:
		for _, e := range d {
			if f.Element == nil {
				f.Element = Of()
			}
			f.Element.learn(e)
		}
	}
}

func (f *Form) learnObject(object map[string]any) {
	f.objects++
	for name, value := range object {
		if f.Members[name] == nil {
			f.Members[name] = Of()
			if f.objects == 1 {
				f.Required = append(f.Required, name)
			}
		}
		f.Members[name].learn(value)
	}
	f.Required = slices.DeleteFunc(f.Required, func(name string) bool {
		_, has := object[name]
		return !has
	})
	slices.Sort(f.Required)
}

func kindOf(v any) string {
	switch v.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "boolean"
	}
	return ""
}

// Differences compares a document with a published form: one line per place,
// sorted, "value[].properties.title: missing", "…: unknown", "…: string, not
// number".
func (f *Form) Differences(document any) []string {
	found := map[string]bool{}
	f.compare("", Of(document), found)
	lines := make([]string, 0, len(found))
	for line := range found {
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

func (f *Form) compare(at string, own *Form, found map[string]bool) {
	for _, kind := range own.Kinds {
		if len(f.Kinds) > 0 && !slices.Contains(f.Kinds, kind) {
			found[fmt.Sprintf("%s: %s, not %v", at, kind, f.Kinds)] = true
			return
		}
	}
	if own.objects > 0 && f.objects > 0 {
		f.compareMembers(at, own, found)
	}
	if own.Element != nil && f.Element != nil {
		f.Element.compare(at+"[]", own.Element, found)
	}
}

func (f *Form) compareMembers(at string, own *Form, found map[string]bool) {
	for _, name := range f.Required {
		if !slices.Contains(own.Required, name) {
			found[join(at, name)+": missing"] = true
		}
	}
	for name, value := range own.Members {
		if f.Members[name] == nil {
			found[join(at, name)+": unknown"] = true
			continue
		}
		f.Members[name].compare(join(at, name), value, found)
	}
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}
