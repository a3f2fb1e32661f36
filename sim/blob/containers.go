package blob

import (
	"encoding/xml"
	"net/http"
	"strconv"
	"time"
)

// maxPage is the most blobs in one listing.
const maxPage = 5000

// listing is the answer to both kinds of list, as far as the clients read it.
type listing struct {
	XMLName    xml.Name        `xml:"EnumerationResults"`
	Containers []containerItem `xml:"Containers>Container,omitempty"`
	Blobs      *blobItems      `xml:"Blobs,omitempty"`
	NextMarker string          `xml:"NextMarker"`
}

type containerItem struct {
	Name       string
	Properties struct {
		LastModified string `xml:"Last-Modified"`
		Etag         string
	}
}

type blobItems struct {
	Blob []blobItem
}

type blobItem struct {
	Name       string
	Properties struct {
		CreationTime  string `xml:"Creation-Time"`
		LastModified  string `xml:"Last-Modified"`
		Etag          string
		ContentLength int    `xml:"Content-Length"`
		ContentType   string `xml:"Content-Type"`
		BlobType      string
		LeaseState    leaseState
	}
}

func (c *call) serveAccount() *problem {
	if c.r.Method != http.MethodGet || c.r.URL.Query().Get("comp") != "list" {
		return notImplemented(c.r.Method + " of an account")
	}
	var doc listing
	for _, name := range c.account.names() {
		item := containerItem{Name: name}
		if box, wrong := c.account.container(name); wrong == nil {
			item.Properties.LastModified, item.Properties.Etag = httpTime(box.created), box.etag
		}
		doc.Containers = append(doc.Containers, item)
	}
	return c.answerXML(doc)
}

func (c *call) serveContainer() *problem {
	q := c.r.URL.Query()
	switch {
	case q.Get("restype") != "container":
		return notImplemented("blobs of the root container")
	case c.r.Method == http.MethodPut && q.Get("comp") == "":
		return c.createContainer()
	case c.r.Method == http.MethodGet && q.Get("comp") == "list":
		return c.listBlobs()
	case (c.r.Method == http.MethodGet || c.r.Method == http.MethodHead) && q.Get("comp") == "":
		box, wrong := c.account.container(c.container)
		if wrong != nil {
			return wrong
		}
		c.describe(box.etag, box.created)
		c.answer(http.StatusOK, "", nil)
		return nil
	}
	return notImplemented(c.r.Method + " of a container")
}

func (c *call) createContainer() *problem {
	now, etag := c.now(), c.etag()
	if wrong := c.account.create(c.container, etag, now); wrong != nil {
		return wrong
	}
	c.describe(etag, now)
	c.answer(http.StatusCreated, "", nil)
	return nil
}

func (c *call) listBlobs() *problem {
	q := c.r.URL.Query()
	if q.Get("delimiter") != "" || q.Get("include") != "" {
		return notImplemented("listings with a delimiter or more than names and properties")
	}
	box, wrong := c.account.container(c.container)
	if wrong != nil {
		return wrong
	}
	limit := maxPage
	if most := q.Get("maxresults"); most != "" {
		var err error
		if limit, err = strconv.Atoi(most); err != nil || limit < 1 || limit > maxPage {
			return &problem{http.StatusBadRequest, "OutOfRangeQueryParameterValue", "maxresults is not a number from 1 to 5000."}
		}
	}
	found, next := box.list(q.Get("prefix"), q.Get("marker"), limit)
	doc := listing{Blobs: &blobItems{}, NextMarker: next}
	for _, b := range found {
		item := blobItem{Name: b.name}
		p := &item.Properties
		p.CreationTime, p.LastModified, p.Etag = httpTime(b.created), httpTime(b.modified), b.etag
		p.ContentLength, p.ContentType, p.BlobType = len(b.data), b.kind, blockBlob
		p.LeaseState = b.lease.state(c.now())
		doc.Blobs.Blob = append(doc.Blobs.Blob, item)
	}
	return c.answerXML(doc)
}

func (c *call) answerXML(doc listing) *problem {
	body, err := xml.Marshal(doc)
	if err != nil {
		return &problem{http.StatusInternalServerError, "InternalError", err.Error()}
	}
	c.answer(http.StatusOK, "application/xml", append([]byte(xml.Header), body...))
	return nil
}

// describe sets the headers that every answer about something stored has.
func (c *call) describe(etag string, modified time.Time) {
	c.w.Header().Set("ETag", etag)
	c.w.Header().Set("Last-Modified", httpTime(modified))
}

func httpTime(t time.Time) string { return t.UTC().Format(http.TimeFormat) }
