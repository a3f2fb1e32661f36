package keyvault

import (
	"encoding/json"
	"io"
	"net/http"
)

// Every operation runs under the server's lock, after the role check.

func (s *Server) get(c call) (any, *fault) {
	v, f := s.version(c)
	if f != nil {
		return nil, f
	}
	if !v.enabled() {
		return nil, faultf(http.StatusForbidden, "Forbidden", "SecretDisabled", "Operation get is not allowed on a disabled secret.")
	}
	b := show(c.r.Host, c.name, v, true)
	b.Value = &v.value
	return b, nil
}

// version finds the version a path names; none means the newest.
func (s *Server) version(c call) (*version, *fault) {
	sec, ok := s.live[c.name]
	if ok {
		if v := sec.find(c.version); v != nil {
			return v, nil
		}
	}
	what := c.name
	if c.version != "" {
		what += "/" + c.version
	}
	return nil, faultf(http.StatusNotFound, "SecretNotFound", "", "A secret with (name/id) %s was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182", what)
}

func (s *Server) set(c call) (any, *fault) {
	var b setBody
	if f := decode(c, &b); f != nil {
		return nil, f
	}
	switch {
	case b.Value == "":
		return nil, bad("The parameter 'value' is missing or empty.")
	case len(b.Value) > maxValue:
		return nil, bad("The value of the secret is too long: at most %d bytes.", maxValue)
	}
	if f := checkTags(b.ContentType, b.Tags); f != nil {
		return nil, f
	}
	if _, gone := s.deleted[c.name]; gone {
		return nil, faultf(http.StatusConflict, "Conflict", "ObjectIsDeletedButRecoverable", "Secret %s is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.", c.name)
	}
	v := s.put(c.name, b)
	out := show(c.r.Host, c.name, v, true)
	out.Value = &v.value
	return out, nil
}

func (s *Server) update(c call) (any, *fault) {
	var b patchBody
	if f := decode(c, &b); f != nil {
		return nil, f
	}
	v, f := s.version(c)
	if f != nil {
		return nil, f
	}
	if f := checkTags(b.ContentType, b.Tags); f != nil {
		return nil, f
	}
	if b.ContentType != nil {
		v.contentType = b.ContentType
	}
	if b.Tags != nil {
		v.tags = b.Tags
	}
	v.attributes.merge(b.Attributes)
	v.attributes.Updated = s.world.Now().Unix()
	return show(c.r.Host, c.name, v, true), nil
}

// merge takes over what a PATCH names.
func (a *attributes) merge(b attributes) {
	if b.Enabled != nil {
		a.Enabled = b.Enabled
	}
	if b.NotYet != nil {
		a.NotYet = b.NotYet
	}
	if b.Expires != nil {
		a.Expires = b.Expires
	}
}

func (s *Server) remove(c call) (any, *fault) {
	if _, f := s.version(c); f != nil {
		return nil, f
	}
	sec := s.live[c.name]
	sec.removed = s.world.Now()
	delete(s.live, c.name)
	s.deleted[c.name] = sec
	return showDeleted(c.r.Host, sec, true), nil
}

func (s *Server) getDeleted(c call) (any, *fault) {
	sec, f := s.gone(c)
	if f != nil {
		return nil, f
	}
	return showDeleted(c.r.Host, sec, true), nil
}

func (s *Server) gone(c call) (*secret, *fault) {
	sec, ok := s.deleted[c.name]
	if !ok {
		return nil, faultf(http.StatusNotFound, "SecretNotFound", "", "Deleted Secret not found: %s", c.name)
	}
	return sec, nil
}

func (s *Server) recover(c call) (any, *fault) {
	sec, f := s.gone(c)
	if f != nil {
		return nil, f
	}
	delete(s.deleted, c.name)
	s.live[c.name] = sec
	return show(c.r.Host, c.name, sec.newest(), true), nil
}

func (s *Server) purge(c call) (any, *fault) {
	if _, f := s.gone(c); f != nil {
		return nil, f
	}
	delete(s.deleted, c.name)
	return noContent{}, nil
}

// decode reads a JSON body; the wire may hold a little more than the value.
func decode(c call, into any) *fault {
	raw, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, 8*maxValue))
	if err != nil {
		return bad("The request body is too large or could not be read.")
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return bad("The request body is not valid JSON: %v", err)
	}
	return nil
}
