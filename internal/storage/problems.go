package storage

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// The services, as they are named in problems.
const (
	serviceBlob  = "blob"
	serviceQueue = "queue"
	serviceTable = "table"
)

// problems is the outermost policy of every client: what comes back after the
// retries and is not part of the normal conversation (absent, exists, changed)
// becomes a *sam.Problem, whichever package made the call.
type problems struct{ service string }

// Do implements policy.Policy.
func (p problems) Do(req *policy.Request) (*http.Response, error) {
	resp, err := req.Next()
	if err != nil {
		return resp, p.unanswered(p.op(req), err)
	}
	if resp.StatusCode < http.StatusBadRequest {
		return resp, nil
	}
	var answer *azcore.ResponseError
	if !errors.As(runtime.NewResponseError(resp), &answer) || conversational(answer) {
		return resp, nil
	}
	return nil, p.answered(p.op(req), answer)
}

// op is what was attempted.
func (p problems) op(req *policy.Request) string {
	return fmt.Sprintf("storage: %s %s %s", p.service, req.Raw().Method, req.Raw().URL.Path)
}

// conversational failures are answers that callers ask for: they decide by
// them and never show them.
func conversational(e *azcore.ResponseError) bool {
	if advice(e.ErrorCode).class != "" {
		return false
	}
	switch e.StatusCode {
	case http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed:
		return true
	}
	return false
}

// unanswered explains a failure without an answer: no connection, no token, or
// a context that ended.
func (p problems) unanswered(op string, err error) error {
	if sam.AsProblem(err) != nil {
		return err
	}
	problem := &sam.Problem{
		Op: op, Class: sam.ClassRetry, Err: err,
		Plain: "The storage account did not answer.",
		Fix:   "It is tried again by itself; if it stays so, check the account's network rules and its name in AzureWebJobsStorage.",
	}
	var final interface{ NonRetriable() }
	if errors.As(err, &final) {
		problem.Class = sam.ClassConfiguration
		problem.Plain = "No token for the storage account could be got."
		problem.Fix = "Check that the managed identity is assigned to the app and that AzureWebJobsStorage__clientId names it."
	}
	return problem
}

// answered explains an answer that means trouble.
func (p problems) answered(op string, e *azcore.ResponseError) error {
	a := advice(e.ErrorCode)
	if a.class == "" {
		a = byStatus(e.StatusCode)
	}
	return &sam.Problem{
		Op: op, Class: a.class, Code: e.ErrorCode, Status: e.StatusCode,
		RequestID:  e.RawResponse.Header.Get("x-ms-request-id"),
		RetryAfter: retryAfter(e.RawResponse.Header),
		Plain:      a.plain,
		Fix:        fixFor(p.service, a),
	}
}

// retryAfter reads the header in seconds, the form that storage uses.
func retryAfter(h http.Header) time.Duration {
	s, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || s < 0 || s > int(MaxDelay/time.Second) {
		return 0
	}
	return time.Duration(s) * time.Second
}
