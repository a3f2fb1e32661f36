package table

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// problem is a refusal: a status, a code and a sentence.
type problem struct {
	status     int
	code, text string
	index      int // of the culprit in a transaction, -1 elsewhere
}

func refuse(status int, code, text string) *problem {
	return &problem{status: status, code: code, text: text, index: -1}
}

func invalid(code, text string) *problem { return refuse(http.StatusBadRequest, code, text) }

func tooLarge(code, text string) *problem {
	return refuse(http.StatusRequestEntityTooLarge, code, text)
}

func notImplemented(what string) *problem {
	return refuse(http.StatusNotImplemented, "NotImplemented", "The simulator does not know "+what+".")
}

var (
	errTableNotFound = refuse(http.StatusNotFound, "TableNotFound", "The table specified does not exist.")
	errTableExists   = refuse(http.StatusConflict, "TableAlreadyExists", "The table specified already exists.")
	errNotFound      = refuse(http.StatusNotFound, "ResourceNotFound", "The specified resource does not exist.")
	errExists        = refuse(http.StatusConflict, "EntityAlreadyExists", "The specified entity already exists.")
	errChanged       = refuse(http.StatusPreconditionFailed, "UpdateConditionNotSatisfied", "The update condition specified in the request was not satisfied.")
)

// body is the problem as the service writes it.
func (p *problem) body(now time.Time, id string) []byte {
	text := p.text
	if p.index >= 0 {
		text = strconv.Itoa(p.index) + ":" + text
	}
	text += fmt.Sprintf("\nRequestId:%s\nTime:%s", id, stamp(now))
	return fmt.Appendf(nil, `{"odata.error":{"code":%s,"message":{"lang":"en-US","value":%s}}}`, quoted(p.code), quoted(text))
}

// jsonType is the media type of every answer that has a body.
const jsonType = "application/json;odata=minimalmetadata;streaming=true;charset=utf-8"
