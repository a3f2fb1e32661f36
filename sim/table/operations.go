package table

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// tables answers for the collection of tables.
func (c *call) tables() *problem {
	switch {
	case c.r.Method == http.MethodGet && c.target.named == "":
		return c.listTables()
	case c.r.Method == http.MethodPost && c.target.named == "":
		return c.createTable()
	case c.r.Method == http.MethodDelete && c.target.named != "":
		if wrong := c.account.drop(c.target.named); wrong != nil {
			return wrong
		}
		c.answer(http.StatusNoContent, nil)
		return nil
	}
	return notImplemented(c.r.Method + " of tables")
}

func (c *call) listTables() *problem {
	if c.r.URL.RawQuery != "" && c.r.URL.Query().Get("$format") == "" {
		return notImplemented("queries of tables")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"odata.metadata":%s,"value":[`, quoted(c.base+"/$metadata#Tables"))
	for i, name := range c.account.names() {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"TableName":%s}`, quoted(name))
	}
	b.WriteString("]}")
	c.answer(http.StatusOK, b.Bytes())
	return nil
}

func (c *call) createTable() *problem {
	var body struct{ TableName string }
	if err := json.Unmarshal(c.body, &body); err != nil {
		return invalid("InvalidInput", "The body is not a JSON object: "+err.Error())
	}
	if wrong := c.account.create(body.TableName); wrong != nil {
		return wrong
	}
	if c.quiet() {
		return nil
	}
	c.answer(http.StatusCreated, fmt.Appendf(nil, `{"odata.metadata":%s,"TableName":%s}`, quoted(c.base+"/$metadata#Tables/@Element"), quoted(body.TableName)))
	return nil
}

// quiet answers without a body when the client asked for none.
func (c *call) quiet() bool {
	preference := c.r.Header.Get("Prefer")
	if preference != "" {
		c.w.Header().Set("Preference-Applied", preference)
	}
	if preference != "return-no-content" {
		return false
	}
	c.answer(http.StatusNoContent, nil)
	return true
}

// entities answers for the rows of a table.
func (c *call) entities() *problem {
	t, wrong := c.account.table(c.target.table)
	if wrong != nil {
		return wrong
	}
	if c.r.Method == http.MethodGet && c.r.URL.Query().Has("comp") {
		return notImplemented("access policies")
	}
	switch {
	case c.r.Method == http.MethodGet && c.target.row == nil:
		return c.query(t)
	case c.r.Method == http.MethodGet:
		return c.read(t)
	}
	change, wrong := changeOf(c.r.Method, c.target, c.r.Header.Get("If-Match"), c.body)
	if wrong != nil {
		return wrong
	}
	return c.write(t, change)
}

// changeOf is the write that a request asks for.
func changeOf(method string, to target, ifMatch string, body []byte) (change, *problem) {
	verbs := map[string]verb{http.MethodPut: replace, http.MethodPatch: merge, "MERGE": merge, http.MethodDelete: remove}
	v, known := verbs[method]
	switch {
	case method == http.MethodPost && to.row == nil:
		e, wrong := parseEntity(body, nil)
		return change{verb: insert, entity: e}, wrong
	case !known || to.row == nil:
		return change{}, refuse(http.StatusMethodNotAllowed, "UnsupportedHttpVerb", "The resource doesn't support the specified Http Verb.")
	case v == remove:
		return change{remove, ifMatch, &entity{key: *to.row}}, nil
	}
	e, wrong := parseEntity(body, to.row)
	return change{v, ifMatch, e}, wrong
}

func (c *call) write(t *table, one change) *problem {
	changes := []change{one}
	if wrong := t.apply(changes, c.tick); wrong != nil {
		alone := *wrong
		alone.index = -1
		return &alone
	}
	e := changes[0].entity
	if one.verb == remove {
		c.answer(http.StatusNoContent, nil)
		return nil
	}
	c.w.Header().Set("ETag", e.etag())
	if one.verb != insert {
		c.answer(http.StatusNoContent, nil)
		return nil
	}
	if !c.quiet() {
		c.answer(http.StatusCreated, c.single(t, e))
	}
	return nil
}

// single is one row as a whole answer.
func (c *call) single(t *table, e *entity) []byte {
	var b bytes.Buffer
	e.append(&b, c.base+"/$metadata#"+t.name+"/@Element")
	return b.Bytes()
}

func (c *call) read(t *table) *problem {
	e := t.get(*c.target.row)
	if e == nil {
		return errNotFound
	}
	c.w.Header().Set("ETag", e.etag())
	c.answer(http.StatusOK, c.single(t, e))
	return nil
}

// query answers a page; where the next begins stands in two headers.
func (c *call) query(t *table) *problem {
	q := c.r.URL.Query()
	if q.Get("$select") != "" {
		return notImplemented("$select")
	}
	where, err := parseFilter(q.Get("$filter"))
	if err != nil {
		return invalid("InvalidInput", "One of the request inputs is not valid: "+err.Error())
	}
	limit := maxPage
	if top := q.Get("$top"); top != "" {
		if limit, err = strconv.Atoi(top); err != nil || limit < 1 || limit > maxPage {
			return invalid("InvalidInput", "$top is not a number from 1 to 1000.")
		}
	}
	found := t.query(where, key{q.Get("NextPartitionKey"), q.Get("NextRowKey")}, limit)
	if found.next != nil {
		c.w.Header().Set("x-ms-continuation-NextPartitionKey", found.next.partition)
		c.w.Header().Set("x-ms-continuation-NextRowKey", found.next.row)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"odata.metadata":%s,"value":[`, quoted(c.base+"/$metadata#"+t.name))
	for i, e := range found.rows {
		if i > 0 {
			b.WriteByte(',')
		}
		e.append(&b, "")
	}
	b.WriteString("]}")
	c.answer(http.StatusOK, b.Bytes())
	return nil
}
