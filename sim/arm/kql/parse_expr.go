package kql

import (
	"strconv"
	"strings"
	"time"
)

// expression reads alternatives joined by or.
func (p *parser) expression() (expr, *Error) {
	if p.depth++; p.depth > deepest {
		return nil, p.wrong("the expression is nested too deeply")
	}
	defer func() { p.depth-- }()
	return p.joined("or", func() (expr, *Error) { return p.joined("and", p.comparison) })
}

// joined reads operands separated by and or by or.
func (p *parser) joined(operator string, operand func() (expr, *Error)) (expr, *Error) {
	left, bad := operand()
	for bad == nil && p.is(operator) {
		if bad := p.advance(); bad != nil {
			return nil, bad
		}
		right, bad := operand()
		if bad != nil {
			return nil, bad
		}
		left = binary{operator, left, right}
	}
	return left, bad
}

// comparison reads an operand, and what it is compared with, if anything.
func (p *parser) comparison() (expr, *Error) {
	left, bad := p.operand()
	if bad != nil || p.tok.kind != mark && p.tok.kind != word {
		return left, bad
	}
	operator := strings.ToLower(p.tok.text)
	switch {
	case operator == "in" || operator == "in~" || operator == "!in" || operator == "!in~":
		if bad := p.advance(); bad != nil {
			return nil, bad
		}
		list, bad := p.arguments()
		return inList{operator, left, list}, bad
	case isComparison(operator):
		if bad := p.advance(); bad != nil {
			return nil, bad
		}
		right, bad := p.operand()
		return binary{operator, left, right}, bad
	}
	return left, nil
}

// operand reads a primary with its members.
func (p *parser) operand() (expr, *Error) {
	e, bad := p.primary()
	for bad == nil {
		switch {
		case p.is("."):
			if bad := p.advance(); bad != nil {
				return nil, bad
			}
			name, bad := p.name()
			if bad != nil {
				return nil, bad
			}
			e = member{e, name}
		case p.is("["):
			if bad := p.advance(); bad != nil {
				return nil, bad
			}
			if e, bad = p.subscript(e); bad != nil {
				return nil, bad
			}
		default:
			return e, nil
		}
	}
	return nil, bad
}

// subscript reads 'name' or a number, and the closing bracket.
func (p *parser) subscript(base expr) (expr, *Error) {
	if p.tok.kind != quoted && p.tok.kind != number {
		return nil, p.wrong("expected a name in quotes or a number")
	}
	e := member{base, p.tok.text}
	if bad := p.advance(); bad != nil {
		return nil, bad
	}
	return e, p.expect("]")
}

func (p *parser) primary() (expr, *Error) {
	tok := p.tok
	switch tok.kind {
	case quoted:
		return literal{tok.text}, p.advance()
	case number:
		n, err := strconv.ParseFloat(tok.text, 64)
		if err != nil {
			return nil, p.wrong("not a number")
		}
		return literal{n}, p.advance()
	case span:
		d, ok := parseSpan(tok.text)
		if !ok {
			return nil, p.wrong("not a timespan")
		}
		return literal{d}, p.advance()
	case word:
		return p.named()
	case mark:
		if tok.text == "(" {
			return p.parenthesis()
		}
	case end:
		return nil, p.wrong("the query ends too early")
	}
	return nil, p.wrong("expected a value")
}

func (p *parser) parenthesis() (expr, *Error) {
	if bad := p.advance(); bad != nil {
		return nil, bad
	}
	e, bad := p.expression()
	if bad != nil {
		return nil, bad
	}
	return e, p.expect(")")
}

// named reads true, false, a function call or a column.
func (p *parser) named() (expr, *Error) {
	at := p.tok
	name, bad := p.name()
	if bad != nil {
		return nil, bad
	}
	switch strings.ToLower(name) {
	case "true":
		return literal{true}, nil
	case "false":
		return literal{false}, nil
	}
	if !p.is("(") {
		return columnRef(name), nil
	}
	name = strings.ToLower(name)
	if name == "datetime" {
		return p.datetime()
	}
	args, bad := p.arguments()
	if bad != nil {
		return nil, bad
	}
	if !callable(name, len(args)) {
		return nil, p.fail(at.at, name, "unknown or unsupported function, or wrong number of arguments")
	}
	return call{name, args}, nil
}

// arguments reads a list in parentheses, which may be empty.
func (p *parser) arguments() ([]expr, *Error) {
	if bad := p.expect("("); bad != nil {
		return nil, bad
	}
	var all []expr
	for !p.is(")") {
		e, bad := p.expression()
		if bad != nil {
			return nil, bad
		}
		all = append(all, e)
		if more, bad := p.accept(","); bad != nil {
			return nil, bad
		} else if !more {
			break
		}
	}
	return all, p.expect(")")
}

// datetime reads datetime(2026-11-21) or datetime('…'); the lexer is at "(".
func (p *parser) datetime() (expr, *Error) {
	rest := p.text[p.tok.at+1:]
	inside, _, closed := strings.Cut(rest, ")")
	t, ok := parseTime(strings.Trim(strings.TrimSpace(inside), `'"`))
	if !closed || !ok {
		return nil, p.wrong("not a date")
	}
	p.at = p.tok.at + 1 + len(inside) + 1
	return literal{t}, p.advance()
}

var units = map[string]time.Duration{
	"d": 24 * time.Hour, "h": time.Hour, "m": time.Minute, "s": time.Second, "ms": time.Millisecond,
	"day": 24 * time.Hour, "days": 24 * time.Hour, "hour": time.Hour, "hours": time.Hour,
	"minute": time.Minute, "minutes": time.Minute, "second": time.Second, "seconds": time.Second,
}

func parseSpan(text string) (time.Duration, bool) {
	at := strings.IndexFunc(text, func(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' || r == '_' })
	if at < 0 {
		return 0, false
	}
	n, err := strconv.ParseFloat(text[:at], 64)
	unit, ok := units[strings.ToLower(text[at:])]
	return time.Duration(n * float64(unit)), err == nil && ok
}

func parseTime(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
