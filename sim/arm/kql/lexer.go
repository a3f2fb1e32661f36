package kql

import (
	"fmt"
	"strings"
)

// Error says what was wrong with a query, and where.
type Error struct {
	Line, Column int // both from 1
	Token        string
	Text         string
}

func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d near %q: %s", e.Line, e.Column, e.Token, e.Text)
}

type kind int

const (
	end kind = iota
	word
	quoted
	number
	span // "5m", "1d"
	mark // punctuation and operators
)

type token struct {
	kind kind
	text string // of quoted: the value
	at   int    // byte offset
}

type lexer struct {
	text string
	at   int
}

func (l *lexer) fail(at int, near, text string) *Error {
	before := l.text[:min(at, len(l.text))]
	line := strings.Count(before, "\n") + 1
	return &Error{line, at - strings.LastIndexByte(before, '\n'), near, text}
}

func letter(b byte) bool { return b == '_' || b|0x20 >= 'a' && b|0x20 <= 'z' }
func digit(b byte) bool  { return b >= '0' && b <= '9' }

// space skips blanks and comments.
func (l *lexer) space() {
	for l.at < len(l.text) {
		switch {
		case strings.IndexByte(" \t\r\n", l.text[l.at]) >= 0:
			l.at++
		case strings.HasPrefix(l.text[l.at:], "//"):
			if n := strings.IndexByte(l.text[l.at:], '\n'); n >= 0 {
				l.at += n
			} else {
				l.at = len(l.text)
			}
		default:
			return
		}
	}
}

// next reads one token.
func (l *lexer) next() (token, *Error) {
	l.space()
	if l.at >= len(l.text) {
		return token{end, "", l.at}, nil
	}
	at := l.at
	b := l.text[at]
	switch {
	case letter(b):
		l.run(func(b byte) bool { return letter(b) || digit(b) })
		if text := l.text[at:l.at]; strings.EqualFold(text, "in") && l.peek('~') {
			l.at++
		}
		return token{word, l.text[at:l.at], at}, nil
	case digit(b):
		return l.number(at), nil
	case b == '\'' || b == '"':
		return l.quoted(at, b, true)
	case b == '@' && at+1 < len(l.text) && (l.text[at+1] == '\'' || l.text[at+1] == '"'):
		l.at++
		return l.quoted(at, l.text[at+1], false)
	}
	return l.mark(at)
}

func (l *lexer) peek(b byte) bool { return l.at < len(l.text) && l.text[l.at] == b }

func (l *lexer) run(in func(byte) bool) {
	for l.at < len(l.text) && in(l.text[l.at]) {
		l.at++
	}
}

func (l *lexer) number(at int) token {
	l.run(digit)
	if l.peek('.') && l.at+1 < len(l.text) && digit(l.text[l.at+1]) {
		l.at++
		l.run(digit)
	}
	digits := l.at
	l.run(letter)
	if l.at > digits {
		return token{span, l.text[at:l.at], at}
	}
	return token{number, l.text[at:l.at], at}
}

func (l *lexer) quoted(at int, quote byte, escapes bool) (token, *Error) {
	var value strings.Builder
	for l.at++; l.at < len(l.text); l.at++ {
		b := l.text[l.at]
		switch {
		case b == quote:
			l.at++
			return token{quoted, value.String(), at}, nil
		case b == '\\' && escapes && l.at+1 < len(l.text):
			l.at++
			value.WriteByte(unescape(l.text[l.at]))
		case b == '\n':
			return token{}, l.fail(at, l.text[at:l.at], "the string does not end on its line")
		default:
			value.WriteByte(b)
		}
	}
	return token{}, l.fail(at, l.text[at:min(at+20, len(l.text))], "the string does not end")
}

func unescape(b byte) byte {
	switch b {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	case 'r':
		return '\r'
	}
	return b
}

var marks = []string{"==", "!=", "=~", "!~", "<=", ">=", "<", ">", "=", "|", ",", "(", ")", "[", "]", ".", "-", "*", "!"}

// mark reads punctuation; "!" joins the word after it ("!in~", "!contains").
func (l *lexer) mark(at int) (token, *Error) {
	for _, m := range marks {
		if !strings.HasPrefix(l.text[at:], m) {
			continue
		}
		l.at += len(m)
		if m != "!" {
			return token{mark, m, at}, nil
		}
		l.run(letter)
		if l.peek('~') {
			l.at++
		}
		return token{word, strings.ToLower(l.text[at:l.at]), at}, nil
	}
	return token{}, l.fail(at, l.text[at:at+1], "unexpected character")
}
