package arm

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/samkeeper/samkeeper/sim/arm/kql"
	"github.com/samkeeper/samkeeper/sim/world"
)

// queryRequest is the body of a Resource Graph call.
type queryRequest struct {
	Query            string          `json:"query"`
	Subscriptions    []string        `json:"subscriptions"`
	ManagementGroups []string        `json:"managementGroups"`
	Facets           json.RawMessage `json:"facets"`
	Options          queryOptions    `json:"options"`
}

type queryOptions struct {
	ResultFormat string `json:"resultFormat"`
	Top          *int   `json:"$top"`
	Skip         int    `json:"$skip"`
	SkipToken    string `json:"$skipToken"`
}

// queryResponse is the answer; Data depends on the format that was asked for.
type queryResponse struct {
	TotalRecords int    `json:"totalRecords"`
	Count        int    `json:"count"`
	Data         any    `json:"data"`
	SkipToken    string `json:"$skipToken,omitempty"`
	Facets       []any  `json:"facets"`
	Truncated    string `json:"resultTruncated"`
}

const (
	largestPage = 1000
	largestBody = 256 << 10
)

// query answers a Resource Graph call over the subscriptions the caller sees.
func (s *Service) query(c call) (any, error) {
	if err := s.graphRefuses(c); err != nil {
		return nil, err
	}
	request, err := readQueryRequest(c)
	if err != nil {
		return nil, err
	}
	parsed, err := kql.Parse(request.Query)
	if err != nil {
		return nil, invalidQuery(err)
	}
	columns, rows, known := s.table(c, parsed.Table, request.scope(c))
	if !known {
		return nil, invalidQuery(fmt.Errorf("table %s is invalid, unsupported or disallowed", parsed.Table))
	}
	result, err := parsed.Run(columns, rows, c.now)
	if err != nil {
		return nil, invalidQuery(err)
	}
	return request.page(result)
}

// graphRefuses applies the dial and the customer's own refusal.
func (s *Service) graphRefuses(c call) error {
	status := c.dials.ResourceGraphStatus
	if c.customer != nil && c.customer.ResourceGraphRefuses {
		status = http.StatusForbidden
	}
	switch status {
	case 0:
		return nil
	case http.StatusForbidden:
		return deny(status, "AuthorizationFailed", "The client '%s' does not have authorization to perform action 'Microsoft.ResourceGraph/resources/read'.", c.caller.Object)
	}
	return deny(status, "BadRequest", "Resource Graph cannot serve this tenant.")
}

func readQueryRequest(c call) (queryRequest, error) {
	var request queryRequest
	body, err := io.ReadAll(io.LimitReader(c.Body, largestBody))
	if err != nil || json.Unmarshal(body, &request) != nil {
		return request, deny(http.StatusBadRequest, "BadRequest", "The request body is not valid JSON.")
	}
	switch {
	case strings.TrimSpace(request.Query) == "":
		return request, deny(http.StatusBadRequest, "BadRequest", "The query is missing.")
	case len(request.ManagementGroups) > 0, len(request.Facets) > 0 && string(request.Facets) != "null" && string(request.Facets) != "[]":
		return request, deny(http.StatusBadRequest, "BadRequest", "Management groups and facets are not supported.")
	case request.Options.Top != nil && (*request.Options.Top < 1 || *request.Options.Top > largestPage):
		return request, deny(http.StatusBadRequest, "BadRequest", "The $top option must be between 1 and %d.", largestPage)
	case request.Options.Skip < 0:
		return request, deny(http.StatusBadRequest, "BadRequest", "The $skip option must not be negative.")
	case !slices.Contains([]string{"", "objectArray", "table"}, request.Options.ResultFormat):
		return request, deny(http.StatusBadRequest, "BadRequest", "The resultFormat must be objectArray or table.")
	}
	return request, nil
}

// scope are the subscriptions to look at: those named among those visible.
func (q queryRequest) scope(c call) []*world.Subscription {
	if len(q.Subscriptions) == 0 {
		return c.visible()
	}
	var subs []*world.Subscription
	for _, sub := range c.visible() {
		if slices.ContainsFunc(q.Subscriptions, func(id string) bool { return strings.EqualFold(id, sub.ID) }) {
			subs = append(subs, sub)
		}
	}
	return subs
}

// page cuts the page that was asked for. There is a token for the next one
// only if the rows can be told apart by a column id.
func (q queryRequest) page(result kql.Result) (any, error) {
	size := largestPage
	if q.Options.Top != nil {
		size = *q.Options.Top
	}
	from := q.Options.Skip
	if q.Options.SkipToken != "" {
		var err error
		if from, err = q.openToken(); err != nil {
			return nil, err
		}
	}
	total := len(result.Rows)
	from = min(from, total)
	to := min(from+size, total)
	response := queryResponse{
		TotalRecords: total, Count: to - from, Data: result.Rows[from:to:to], Facets: []any{}, Truncated: "false",
	}
	if q.Options.ResultFormat == "table" {
		response.Data = asTable(result, from, to)
	}
	switch {
	case to == total:
	case slices.Contains(result.Columns, "id") && !result.Limited:
		response.SkipToken = q.sealToken(to)
	default:
		response.Truncated = "true"
	}
	return response, nil
}

// fingerprint ties a token to its query.
func (q queryRequest) fingerprint() uint64 {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(q.Query + "|" + strings.Join(q.Subscriptions, ","))) // never fails
	return sum.Sum64()
}

func (q queryRequest) sealToken(at int) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "rg %d %016x", at, q.fingerprint()))
}

func (q queryRequest) openToken() (int, error) {
	var at int
	var print uint64
	raw, err := base64.StdEncoding.DecodeString(q.Options.SkipToken)
	if err == nil {
		_, err = fmt.Sscanf(string(raw), "rg %d %016x", &at, &print)
	}
	if err != nil || at < 0 || print != q.fingerprint() {
		return 0, deny(http.StatusBadRequest, "BadRequest", "The $skipToken is not valid for this query.")
	}
	return at, nil
}

func asTable(result kql.Result, from, to int) any {
	columns := make([]map[string]string, len(result.Columns))
	for i, name := range result.Columns {
		columns[i] = map[string]string{"name": name, "type": columnType(result, name)}
	}
	rows := make([][]any, 0, to-from)
	for _, row := range result.Rows[from:to] {
		cells := make([]any, len(result.Columns))
		for i, name := range result.Columns {
			cells[i] = row[name]
		}
		rows = append(rows, cells)
	}
	return map[string]any{"columns": columns, "rows": rows}
}

func columnType(result kql.Result, name string) string {
	for _, row := range result.Rows {
		switch row[name].(type) {
		case nil:
			continue
		case string:
			return "string"
		case int64, float64:
			return "integer"
		case bool:
			return "boolean"
		}
		return "object"
	}
	return "string"
}

// invalidQuery wraps what is wrong with a query as the service does.
func invalidQuery(err error) error {
	r := deny(http.StatusBadRequest, "BadRequest", "Please provide below info when asking for support: the query is not valid.")
	detail := map[string]any{"code": "InvalidQuery", "message": "Query is invalid. Please refer to the documentation for the Azure Resource Graph service and fix the error before retrying: " + err.Error()}
	r.details = []any{detail}
	var at *kql.Error
	if errors.As(err, &at) {
		r.details = append(r.details, map[string]any{
			"code": "ParserFailure", "message": at.Text, "line": at.Line, "characterPositionInLine": at.Column, "token": at.Token,
		})
	}
	return r
}
