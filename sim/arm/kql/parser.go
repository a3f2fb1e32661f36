package kql

import (
	"strings"
)

// Query is a parsed query.
type Query struct {
	Table string // lower case
	steps []step
}

// largestQuery bounds the text, deepest the nesting of expressions.
const (
	largestQuery = 64 << 10
	deepest      = 60
)

type parser struct {
	lexer
	tok   token
	depth int
}

// Parse reads a query. Errors are *Error.
func Parse(text string) (*Query, error) {
	p := &parser{lexer: lexer{text: text}}
	if len(text) > largestQuery {
		return nil, p.fail(0, "", "the query is too long")
	}
	q, bad := p.query()
	if bad != nil {
		return nil, bad
	}
	return q, nil
}

func (p *parser) advance() *Error {
	tok, bad := p.next()
	p.tok = tok
	return bad
}

func (p *parser) wrong(text string) *Error { return p.fail(p.tok.at, p.tok.text, text) }

// is tells whether the present token is this mark, or this word in any case.
func (p *parser) is(text string) bool {
	switch p.tok.kind {
	case mark:
		return p.tok.text == text
	case word:
		return strings.EqualFold(p.tok.text, text)
	case end, quoted, number, span:
	}
	return false
}

// accept consumes the token if it is text.
func (p *parser) accept(text string) (bool, *Error) {
	if !p.is(text) {
		return false, nil
	}
	return true, p.advance()
}

func (p *parser) expect(text string) *Error {
	if ok, bad := p.accept(text); ok || bad != nil {
		return bad
	}
	return p.wrong("expected " + text)
}

// name consumes an identifier and returns it as written.
func (p *parser) name() (string, *Error) {
	if p.tok.kind != word || strings.HasPrefix(p.tok.text, "!") {
		return "", p.wrong("expected a name")
	}
	name := p.tok.text
	return name, p.advance()
}

func (p *parser) query() (*Query, *Error) {
	if bad := p.advance(); bad != nil {
		return nil, bad
	}
	table, bad := p.name()
	if bad != nil {
		return nil, bad
	}
	q := &Query{Table: strings.ToLower(table)}
	for p.tok.kind != end {
		if bad := p.expect("|"); bad != nil {
			return nil, bad
		}
		s, bad := p.step()
		if bad != nil {
			return nil, bad
		}
		q.steps = append(q.steps, s)
	}
	return q, nil
}

// step reads one operator.
func (p *parser) step() (step, *Error) {
	at := p.tok
	name, bad := p.name()
	if bad != nil {
		return nil, bad
	}
	if ok, bad := p.accept("-"); bad != nil {
		return nil, bad
	} else if ok {
		rest, bad := p.name()
		if bad != nil {
			return nil, bad
		}
		name += "-" + rest
	}
	read, known := operators[strings.ToLower(name)]
	if !known {
		return nil, p.fail(at.at, name, "unknown or unsupported operator")
	}
	return read(p)
}

var operators map[string]func(*parser) (step, *Error)

func init() {
	operators = map[string]func(*parser) (step, *Error){
		"where": (*parser).where, "filter": (*parser).where,
		"project": (*parser).project, "extend": (*parser).extend, "project-away": (*parser).projectAway,
		"summarize": (*parser).summarize, "distinct": (*parser).distinct,
		"order": (*parser).order, "sort": (*parser).order, "top": (*parser).top,
		"take": (*parser).take, "limit": (*parser).take,
		"count": func(*parser) (step, *Error) { return countStep{}, nil },
	}
}
