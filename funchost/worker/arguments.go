package worker

import "strings"

// splitArguments cuts a command line at white space as .NET does on Unix:
// double quotes group, a backslash before a quote keeps the quote. Nothing the
// host joins is quoted, so an argument with a space arrives as two.
func splitArguments(line string) []string {
	var (
		out    []string
		word   strings.Builder
		inWord bool
		quoted bool
	)
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\\' && i+1 < len(line) && line[i+1] == '"':
			word.WriteByte('"')
			inWord, i = true, i+1
		case c == '"':
			inWord, quoted = true, !quoted
		case (c == ' ' || c == '\t') && !quoted:
			if inWord {
				out = append(out, word.String())
				word.Reset()
			}
			inWord = false
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	if inWord {
		out = append(out, word.String())
	}
	return out
}
