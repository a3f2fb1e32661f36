package queue

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/samkeeper/samkeeper/sim/sharedkey"
)

// fault is a refusal in the shape of the storage services.
type fault struct {
	status  int
	code    string
	message string
	details [][2]string // elements behind the message
}

func faultf(status int, code, format string, args ...any) *fault {
	return &fault{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

func (f *fault) with(name, value string) *fault {
	f.details = append(f.details, [2]string{name, value})
	return f
}

func invalidDocument() *fault {
	return faultf(http.StatusBadRequest, "InvalidXmlDocument", "XML specified is not syntactically valid.")
}

func tooLarge() *fault {
	return faultf(http.StatusRequestEntityTooLarge, "RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit.").
		with("MaxLimit", strconv.Itoa(maxText))
}

func invalidParameter(name, value, reason string) *fault {
	return faultf(http.StatusBadRequest, "InvalidQueryParameterValue", "Value for one of the query parameters specified in the request URI is invalid.").
		with("QueryParameterName", name).with("QueryParameterValue", value).with("Reason", reason)
}

func missingParameter(name string) *fault {
	return faultf(http.StatusBadRequest, "MissingRequiredQueryParameter", "A query parameter that's mandatory for this request is not specified.").
		with("QueryParameterName", name)
}

func invalidHeader(name, value string) *fault {
	return faultf(http.StatusBadRequest, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format.").
		with("HeaderName", name).with("HeaderValue", value)
}

func unsupported(c *call) *fault {
	return faultf(http.StatusMethodNotAllowed, "UnsupportedHttpVerb", "The resource doesn't support the specified HTTP verb %s with comp=%q.", c.r.Method, c.parameter("comp"))
}

// serverFault is a mishap's: 503 is ServerBusy, everything else InternalError.
func serverFault(status int) *fault {
	if status == http.StatusServiceUnavailable {
		return faultf(status, "ServerBusy", "The server is busy.")
	}
	return faultf(status, "InternalError", "The server encountered an internal error. Please retry the request.")
}

// refused is the answer to a request that does not prove itself; nil without an
// error.
func refused(err error) *fault {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sharedkey.ErrMissing):
		return faultf(http.StatusUnauthorized, "NoAuthenticationInformation", "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.")
	case errors.Is(err, sharedkey.ErrMalformed):
		return faultf(http.StatusBadRequest, "InvalidAuthenticationInfo", "Authentication information is not given in the correct format. Check the value of Authorization header.")
	}
	return faultf(http.StatusForbidden, "AuthenticationFailed", "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.").
		with("AuthenticationErrorDetail", err.Error())
}

func writeFault(w http.ResponseWriter, f *fault) {
	h := w.Header()
	h["X-Ms-Error-Code"] = []string{f.code}
	a := document(f.status).raw("<Error>").element("Code", f.code)
	a.element("Message", f.message+"\nRequestId:"+h.Get("X-Ms-Request-Id")+"\nTime:"+time.Now().UTC().Format("2006-01-02T15:04:05.0000000Z"))
	for _, detail := range f.details {
		a.element(detail[0], detail[1])
	}
	a.raw("</Error>").write(w)
}
