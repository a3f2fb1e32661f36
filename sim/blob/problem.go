package blob

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"time"
)

// problem is a refusal: a status, a code and a sentence.
type problem struct {
	status     int
	code, text string
}

var (
	errContainerNotFound = &problem{http.StatusNotFound, "ContainerNotFound", "The specified container does not exist."}
	errContainerExists   = &problem{http.StatusConflict, "ContainerAlreadyExists", "The specified container already exists."}
	errBlobNotFound      = &problem{http.StatusNotFound, "BlobNotFound", "The specified blob does not exist."}
	errBlobExists        = &problem{http.StatusConflict, "BlobAlreadyExists", "The specified blob already exists."}
	errConditionNotMet   = &problem{http.StatusPreconditionFailed, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."}
	errNotModified       = &problem{http.StatusNotModified, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."}

	errLeaseMissing    = &problem{http.StatusPreconditionFailed, "LeaseIdMissing", "There is currently a lease on the blob and no lease ID was specified in the request."}
	errLeaseOther      = &problem{http.StatusPreconditionFailed, "LeaseIdMismatchWithBlobOperation", "The lease ID specified did not match the lease ID for the blob."}
	errLeaseLost       = &problem{http.StatusPreconditionFailed, "LeaseLost", "A lease ID was specified, but the lease for the blob has expired."}
	errLeaseNone       = &problem{http.StatusPreconditionFailed, "LeaseNotPresentWithBlobOperation", "There is currently no lease on the blob."}
	errLeaseTaken      = &problem{http.StatusConflict, "LeaseAlreadyPresent", "There is already a lease present."}
	errLeaseMismatch   = &problem{http.StatusConflict, "LeaseIdMismatchWithLeaseOperation", "The lease ID specified did not match the lease ID for the blob."}
	errLeaseAbsent     = &problem{http.StatusConflict, "LeaseNotPresentWithLeaseOperation", "There is currently no lease on the blob."}
	errLeaseNoRenewing = &problem{http.StatusConflict, "LeaseIsBrokenAndCannotBeRenewed", "The lease ID matched, but the lease has been broken explicitly and cannot be renewed."}
	errLeaseBreaking   = &problem{http.StatusConflict, "LeaseIsBreakingAndCannotBeAcquired", "The lease ID matched, but the lease is currently in breaking state and cannot be acquired until it is broken."}
)

func badHeader(name string) *problem {
	return &problem{http.StatusBadRequest, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format: " + name + "."}
}

func notImplemented(what string) *problem {
	return &problem{http.StatusNotImplemented, "NotImplemented", "The simulator does not know " + what + "."}
}

// body is the problem as the service writes it.
func (p *problem) body(now time.Time, id string) []byte {
	doc, _ := xml.Marshal(struct { // two texts always marshal
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
	}{Code: p.code, Message: fmt.Sprintf("%s\nRequestId:%s\nTime:%s", p.text, id, now.UTC().Format(time.RFC3339Nano))})
	return append([]byte(xml.Header), doc...)
}
