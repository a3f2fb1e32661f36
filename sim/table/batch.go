package table

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
)

// maxChanges is the most rows of a transaction.
const maxChanges = 100

// errBatch is wrapped by everything that is wrong with the form of a batch.
var errBatch = errors.New("the batch could not be understood")

// step is one request inside a batch.
type step struct {
	method, path, ifMatch string
	body                  []byte
}

// parseBatch reads a multipart/mixed body with one change set in it.
func parseBatch(contentType string, body []byte) ([]step, error) {
	outer, err := parts(contentType, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	set, err := outer.NextPart()
	if err != nil {
		return nil, fmt.Errorf("%w: it has no change set: %w", errBatch, err)
	}
	inner, err := parts(set.Header.Get("Content-Type"), set)
	if err != nil {
		return nil, err
	}
	var steps []step
	for {
		part, err := inner.NextPart()
		if errors.Is(err, io.EOF) {
			return steps, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errBatch, err)
		}
		s, err := parseStep(part)
		if err != nil {
			return nil, err
		}
		if steps = append(steps, s); len(steps) > maxChanges+1 {
			return steps, nil // too many already
		}
	}
}

func parts(contentType string, body io.Reader) (*multipart.Reader, error) {
	media, parameters, err := mime.ParseMediaType(contentType)
	if err != nil || media != "multipart/mixed" || parameters["boundary"] == "" {
		return nil, fmt.Errorf("%w: content type %.100q", errBatch, contentType)
	}
	return multipart.NewReader(body, parameters["boundary"]), nil
}

// parseStep reads a request line, headers, an empty line and the rest.
func parseStep(part io.Reader) (step, error) {
	text := textproto.NewReader(bufio.NewReader(part))
	line, err := text.ReadLine()
	if err != nil {
		return step{}, fmt.Errorf("%w: a request line is missing: %w", errBatch, err)
	}
	method, rest, _ := strings.Cut(line, " ")
	address, _, _ := strings.Cut(rest, " HTTP/")
	u, err := url.Parse(address)
	if err != nil || method == "" {
		return step{}, fmt.Errorf("%w: request line %.200q", errBatch, line)
	}
	header, err := text.ReadMIMEHeader()
	if err != nil && !errors.Is(err, io.EOF) {
		return step{}, fmt.Errorf("%w: headers of a request: %w", errBatch, err)
	}
	body, err := io.ReadAll(text.R)
	if err != nil {
		return step{}, fmt.Errorf("%w: body of a request: %w", errBatch, err)
	}
	return step{method, u.Path, header.Get("If-Match"), body}, nil
}

// batch applies a transaction and answers 202 with one part for each row, or
// with one part that says what was wrong.
func (c *call) batch() *problem {
	steps, err := parseBatch(c.r.Header.Get("Content-Type"), c.body)
	if err != nil {
		return invalid("InvalidInput", "One of the request inputs is not valid: "+err.Error())
	}
	t, changes, wrong := c.changes(steps)
	if wrong == nil {
		wrong = t.apply(changes, c.tick)
	}
	const set = "changesetresponse_5e7"
	var b bytes.Buffer
	fmt.Fprintf(&b, "--batchresponse_ba7c4\r\nContent-Type: multipart/mixed; boundary=%s\r\n\r\n", set)
	if wrong != nil {
		body := wrong.body(c.now(), c.id)
		fmt.Fprintf(&b, "--%s\r\n%sHTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s\r\n",
			set, partHead, wrong.status, http.StatusText(wrong.status), jsonType, len(body), body)
	} else {
		for _, one := range changes {
			fmt.Fprintf(&b, "--%s\r\n%sHTTP/1.1 204 No Content\r\n%s\r\n\r\n", set, partHead, one.head())
		}
	}
	fmt.Fprintf(&b, "--%s--\r\n--batchresponse_ba7c4--\r\n", set)
	c.w.Header().Set("Content-Type", "multipart/mixed; boundary=batchresponse_ba7c4")
	c.w.WriteHeader(http.StatusAccepted)
	_, _ = c.w.Write(b.Bytes()) // a client that is gone has lost its answer
	return nil
}

const partHead = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"

// head is the headers of a change's part.
func (c change) head() string {
	head := "X-Content-Type-Options: nosniff\r\nCache-Control: no-cache\r\nDataServiceVersion: 1.0;\r\n"
	if c.verb != remove {
		head += "ETag: " + c.entity.etag() + "\r\n"
	}
	return head
}

// changes makes the writes of a transaction's steps and checks what they must
// have in common.
func (c *call) changes(steps []step) (*table, []change, *problem) {
	if len(steps) == 0 || len(steps) > maxChanges {
		return nil, nil, invalid("InvalidInput", fmt.Sprintf("The batch has %d operations, allowed are 1 to %d.", len(steps), maxChanges))
	}
	var t *table
	changes := make([]change, 0, len(steps))
	seen := make(map[key]bool, len(steps))
	for i, s := range steps {
		own, one, wrong := c.change(s)
		switch {
		case wrong != nil:
		case t != nil && own != t || i > 0 && one.entity.key.partition != changes[0].entity.key.partition:
			wrong = invalid("CommandsInBatchActOnDifferentPartitions", "All commands in a batch must operate on same entity group.")
		case seen[one.entity.key]:
			wrong = invalid("InvalidDuplicateRow", "The batch request contains multiple changes with same row key.")
		}
		if wrong != nil {
			at := *wrong
			at.index = i
			return nil, nil, &at
		}
		t, changes = own, append(changes, one)
		seen[one.entity.key] = true
	}
	return t, changes, nil
}

func (c *call) change(s step) (*table, change, *problem) {
	_, path, _ := strings.Cut(strings.TrimPrefix(s.path, "/"), "/")
	to, wrong := parseTarget(path)
	if wrong != nil {
		return nil, change{}, wrong
	}
	t, wrong := c.account.table(to.table)
	if wrong != nil {
		return nil, change{}, wrong
	}
	one, wrong := changeOf(s.method, to, s.ifMatch, s.body)
	return t, one, wrong
}
