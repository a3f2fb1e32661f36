package table

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxNesting bounds the depth of a filter: the parser is recursive.
const maxNesting = 64

// errFilter is wrapped by everything that is wrong with a filter.
var errFilter = errors.New("a query filter could not be understood")

// condition is a parsed $filter.
type condition interface{ holds(e *entity) bool }

type (
	everything struct{}
	both       struct{ left, right condition }
	either     struct{ left, right condition }
	negated    struct{ inner condition }
	comparison struct {
		column string
		op     string // eq, ne, gt, ge, lt, le
		value  value
	}
)

func (everything) holds(*entity) bool  { return true }
func (c both) holds(e *entity) bool    { return c.left.holds(e) && c.right.holds(e) }
func (c either) holds(e *entity) bool  { return c.left.holds(e) || c.right.holds(e) }
func (c negated) holds(e *entity) bool { return !c.inner.holds(e) }
func (c comparison) holds(e *entity) bool {
	have, known := e.column(c.column)
	if !known {
		return false // also for ne: what is not there compares with nothing
	}
	order, comparable := compare(have, c.value)
	return comparable && c.accepts(order)
}

func (c comparison) accepts(order int) bool {
	switch c.op {
	case "eq":
		return order == 0
	case "ne":
		return order != 0
	case "gt":
		return order > 0
	case "ge":
		return order >= 0
	case "lt":
		return order < 0
	}
	return order <= 0
}

// column is the value of a property or of what every row has.
func (e *entity) column(name string) (value, bool) {
	switch name {
	case "PartitionKey":
		return e.key.partition, true
	case "RowKey":
		return e.key.row, true
	case "Timestamp":
		return e.timestamp, true
	}
	if p := e.property(name); p != nil {
		return p.value()
	}
	return nil, false
}

// parseFilter reads a $filter; an empty one holds for every row.
//
//	filter     = term { "or" term }
//	term       = factor { "and" factor }
//	factor     = "not" factor | "(" filter ")" | comparison
//	comparison = name op literal | literal op name
//	literal    = 'text' | number [L] | true | false | datetime'…' | guid'…' | X'…' | binary'…'
func parseFilter(text string) (condition, error) {
	if strings.TrimSpace(text) == "" {
		return everything{}, nil
	}
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	c, err := p.or(0)
	if err == nil && len(p.tokens) > 0 {
		err = fmt.Errorf("%w: %q follows its end", errFilter, p.tokens[0].text)
	}
	return c, err
}

type parser struct{ tokens []token }

// take moves on when the next token is the bare word.
func (p *parser) take(word string) bool {
	if len(p.tokens) > 0 && p.tokens[0].kind == bare && p.tokens[0].text == word {
		p.tokens = p.tokens[1:]
		return true
	}
	return false
}

func (p *parser) or(depth int) (condition, error) {
	left, err := p.and(depth)
	for err == nil && p.take("or") {
		var right condition
		if right, err = p.and(depth); err == nil {
			left = either{left, right}
		}
	}
	return left, err
}

func (p *parser) and(depth int) (condition, error) {
	left, err := p.factor(depth)
	for err == nil && p.take("and") {
		var right condition
		if right, err = p.factor(depth); err == nil {
			left = both{left, right}
		}
	}
	return left, err
}

func (p *parser) factor(depth int) (condition, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("%w: it is nested too deeply", errFilter)
	}
	if p.take("not") {
		inner, err := p.factor(depth + 1)
		return negated{inner}, err
	}
	if !p.take("(") {
		return p.comparison()
	}
	inner, err := p.or(depth + 1)
	if err == nil && !p.take(")") {
		err = fmt.Errorf("%w: a parenthesis is not closed", errFilter)
	}
	return inner, err
}

// mirrored turns "literal op name" round.
var mirrored = map[string]string{"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}

func (p *parser) comparison() (condition, error) {
	if len(p.tokens) < 3 {
		return nil, fmt.Errorf("%w: a comparison is incomplete", errFilter)
	}
	left, op, right := p.tokens[0], p.tokens[1], p.tokens[2]
	if op.kind != bare || mirrored[op.text] == "" {
		return nil, fmt.Errorf("%w: %q is no comparison", errFilter, op.text)
	}
	operator := op.text
	if left.kind != name {
		left, right, operator = right, left, mirrored[operator]
	}
	if left.kind != name || right.kind != literal {
		return nil, fmt.Errorf("%w: a comparison takes a name and a value", errFilter)
	}
	p.tokens = p.tokens[3:]
	return comparison{left.text, operator, right.value}, nil
}

// token is a piece of a filter.
type token struct {
	kind  tokenKind
	text  string
	value value // of a literal
}

type tokenKind int

const (
	bare    tokenKind = iota // operators, words and parentheses
	name                     // a column
	literal                  // a value
)

// words are the bare words; everything else that looks like one is a name.
var words = map[string]bool{"and": true, "or": true, "not": true, "eq": true, "ne": true, "gt": true, "ge": true, "lt": true, "le": true}

func lex(text string) ([]token, error) {
	var tokens []token
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		if text == "" {
			return tokens, nil
		}
		t, rest, err := next(text)
		if err != nil {
			return nil, err
		}
		tokens, text = append(tokens, t), rest
	}
}

// next takes one token off a text that does not begin with a space.
func next(text string) (token, string, error) {
	switch text[0] {
	case '(', ')':
		return token{kind: bare, text: text[:1]}, text[1:], nil
	case '\'':
		return quotedLiteral("", text)
	}
	end := strings.IndexAny(text, " \t\r\n()'")
	if end < 0 {
		end = len(text)
	}
	word, rest := text[:end], text[end:]
	if strings.HasPrefix(rest, "'") {
		return quotedLiteral(word, rest)
	}
	if words[word] {
		return token{kind: bare, text: word}, rest, nil
	}
	if v, ok := plainLiteral(word); ok {
		return token{kind: literal, text: word, value: v}, rest, nil
	}
	if !isName(word) {
		return token{}, "", fmt.Errorf("%w: %q", errFilter, word)
	}
	return token{kind: name, text: word}, rest, nil
}

// plainLiteral reads true, false and numbers, of which 64-bit ones end in L.
func plainLiteral(word string) (value, bool) {
	switch word {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	if !strings.ContainsAny(word[:1], "0123456789-.") {
		return nil, false
	}
	if digits, long := strings.CutSuffix(word, "L"); long {
		n, err := strconv.ParseInt(digits, 10, 64)
		return n, err == nil
	}
	f, err := strconv.ParseFloat(word, 64)
	return f, err == nil
}

// quotedLiteral reads prefix'text', in which quotes are doubled.
func quotedLiteral(prefix, text string) (token, string, error) {
	var b strings.Builder
	rest := text[1:]
	for {
		end := strings.IndexByte(rest, '\'')
		if end < 0 {
			return token{}, "", fmt.Errorf("%w: a text is not closed", errFilter)
		}
		b.WriteString(rest[:end])
		rest = rest[end+1:]
		if !strings.HasPrefix(rest, "'") {
			break
		}
		b.WriteByte('\'')
		rest = rest[1:]
	}
	v, err := prefixed(prefix, b.String())
	return token{kind: literal, text: prefix, value: v}, rest, err
}

func prefixed(prefix, text string) (value, error) {
	switch prefix {
	case "":
		return text, nil
	case "guid":
		return strings.ToLower(text), nil
	case "datetime":
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return nil, fmt.Errorf("%w: %q is no time", errFilter, text)
		}
		return t, nil
	case "X", "binary":
		raw, err := hex.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("%w: %q is not hexadecimal", errFilter, text)
		}
		return string(raw), nil
	}
	return nil, fmt.Errorf("%w: %q before a text", errFilter, prefix)
}

func isName(word string) bool {
	for i, r := range word {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 0x7f
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return word != ""
}
