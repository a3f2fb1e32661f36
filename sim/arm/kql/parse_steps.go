package kql

import (
	"strconv"
	"strings"
)

func (p *parser) where() (step, *Error) {
	e, bad := p.expression()
	return whereStep{e}, bad
}

func (p *parser) project() (step, *Error) {
	columns, bad := p.columns()
	return projectStep{columns}, bad
}

func (p *parser) extend() (step, *Error) {
	columns, bad := p.columns()
	return extendStep{columns}, bad
}

func (p *parser) distinct() (step, *Error) {
	columns, bad := p.columns()
	return summarizeStep{by: columns}, bad
}

// columns reads "[name =] expression" separated by commas.
func (p *parser) columns() ([]column, *Error) {
	var all []column
	for {
		c, bad := p.column()
		if bad != nil {
			return nil, bad
		}
		if c.name == "" {
			c.name = defaultName(c.value, len(all)+1)
		}
		all = append(all, c)
		if more, bad := p.accept(","); !more || bad != nil {
			return all, bad
		}
	}
}

// column reads one; the name is empty when none is given.
func (p *parser) column() (column, *Error) {
	e, bad := p.expression()
	if bad != nil {
		return column{}, bad
	}
	assigned, bad := p.accept("=")
	if bad != nil || !assigned {
		return column{value: e}, bad
	}
	name, plain := e.(columnRef)
	if !plain {
		return column{}, p.wrong("only a name can be assigned to")
	}
	value, bad := p.expression()
	return column{string(name), value}, bad
}

// defaultName is the name Kusto gives to an unnamed column.
func defaultName(e expr, at int) string {
	switch e := e.(type) {
	case columnRef:
		return string(e)
	case member:
		return defaultName(e.base, at) + "_" + e.name
	case call:
		if len(e.args) > 0 && e.name != "strcat" && e.name != "iff" {
			return defaultName(e.args[0], at)
		}
	}
	return "Column" + strconv.Itoa(at)
}

func (p *parser) projectAway() (step, *Error) {
	var names []string
	for {
		name, bad := p.name()
		if bad != nil {
			return nil, bad
		}
		names = append(names, name)
		if more, bad := p.accept(","); !more || bad != nil {
			return awayStep{names}, bad
		}
	}
}

// summarize reads "[name =] aggregate(…), … by column, …".
func (p *parser) summarize() (step, *Error) {
	var s summarizeStep
	for !p.is("by") {
		c, bad := p.column()
		if bad != nil {
			return nil, bad
		}
		a, ok := c.value.(call)
		if !ok || !isAggregate(a.name) {
			return nil, p.wrong("expected count(), countif(), dcount(), min(), max() or sum()")
		}
		if c.name == "" {
			c.name = aggregateName(a)
		}
		s.aggregates = append(s.aggregates, aggregate{c.name, a})
		if more, bad := p.accept(","); bad != nil {
			return nil, bad
		} else if !more {
			break
		}
	}
	by, bad := p.accept("by")
	if bad != nil || !by {
		return s, bad
	}
	s.by, bad = p.columns()
	return s, bad
}

func aggregateName(a call) string {
	if len(a.args) == 0 {
		return a.name + "_"
	}
	return a.name + "_" + defaultName(a.args[0], 1)
}

// order reads "by expression [asc|desc] [nulls first|last], …".
func (p *parser) order() (step, *Error) {
	if bad := p.expect("by"); bad != nil {
		return nil, bad
	}
	var s orderStep
	for {
		o, bad := p.ordering()
		if bad != nil {
			return nil, bad
		}
		s.by = append(s.by, o)
		if more, bad := p.accept(","); !more || bad != nil {
			return s, bad
		}
	}
}

func (p *parser) ordering() (ordering, *Error) {
	e, bad := p.expression()
	o := ordering{value: e, descending: true}
	if bad != nil {
		return o, bad
	}
	if ascending, bad := p.accept("asc"); bad != nil {
		return o, bad
	} else if ascending {
		o.descending = false
	} else if _, bad := p.accept("desc"); bad != nil {
		return o, bad
	}
	if nulls, bad := p.accept("nulls"); bad != nil || !nulls {
		return o, bad
	}
	where, bad := p.name()
	if bad == nil && !strings.EqualFold(where, "first") && !strings.EqualFold(where, "last") {
		return o, p.wrong("expected first or last")
	}
	return o, bad
}

// top reads "N by expression [asc|desc]".
func (p *parser) top() (step, *Error) {
	n, bad := p.rows()
	if bad != nil {
		return nil, bad
	}
	s, bad := p.order()
	if bad != nil {
		return nil, bad
	}
	o, _ := s.(orderStep)
	return topStep{o, n}, nil
}

func (p *parser) take() (step, *Error) {
	n, bad := p.rows()
	return takeStep{n}, bad
}

func (p *parser) rows() (int, *Error) {
	n, err := strconv.Atoi(p.tok.text)
	if p.tok.kind != number || err != nil {
		return 0, p.wrong("expected a number of rows")
	}
	return n, p.advance()
}
