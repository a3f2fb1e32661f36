package keyvault

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"net/http"
	"slices"
)

// key is a name with its versions, oldest first. The private half never
// leaves: there is no operation that shows it.
type key struct {
	versions []*keyVersion
}

type keyVersion struct {
	id         string
	private    *rsa.PrivateKey
	operations []string
	attributes attributes
	tags       map[string]string
}

// createBody is the body of POST keys/{name}/create.
type createBody struct {
	Type       string            `json:"kty"`
	Size       int               `json:"key_size"`
	Operations []string          `json:"key_ops"`
	Attributes keyAttributes     `json:"attributes"`
	Tags       map[string]string `json:"tags"`
}

// keyAttributes are those of a secret, and whether the key may be released.
type keyAttributes struct {
	attributes
	Exportable *bool `json:"exportable,omitempty"`
}

// webKey is the public half as a JSON Web Key.
type webKey struct {
	ID         string   `json:"kid"`
	Type       string   `json:"kty"`
	Operations []string `json:"key_ops"`
	N          string   `json:"n"`
	E          string   `json:"e"`
}

type keyBundle struct {
	Key        webKey            `json:"key"`
	Attributes keyAttributes     `json:"attributes"`
	Tags       map[string]string `json:"tags,omitempty"`
}

// keyOperation is the table of what is served for keys.
func (s *Server) keyOperation(c call) (do func(call) (any, *fault), write bool) {
	switch {
	case c.name == "":
		return nil, false
	case c.method == http.MethodPost && c.version == "create" && c.act == "":
		return s.createKey, true
	case c.method == http.MethodGet && c.act == "":
		return s.getKey, false
	case c.method == http.MethodPost && c.act == "sign":
		return s.sign, false
	}
	return nil, false
}

// createKey makes a new version.
func (s *Server) createKey(c call) (any, *fault) {
	var b createBody
	if f := decode(c, &b); f != nil {
		return nil, f
	}
	if b.Size == 0 {
		b.Size = 2048
	}
	switch {
	case b.Type != "RSA":
		return nil, bad("The simulated vault makes RSA keys only, not %q.", b.Type)
	case !slices.Contains([]int{2048, 3072, 4096}, b.Size):
		return nil, bad("Key size %d is not supported.", b.Size)
	case b.Attributes.Exportable != nil && *b.Attributes.Exportable:
		return nil, bad("AKV.SKR.1002: Exportable keys must have release policy.")
	}
	if f := checkTags(nil, b.Tags); f != nil {
		return nil, f
	}
	private, err := rsa.GenerateKey(rand.Reader, b.Size)
	if err != nil {
		return nil, faultf(http.StatusInternalServerError, "InternalError", "", "%v", err)
	}
	v := &keyVersion{id: newVersionID(), private: private, operations: b.Operations, attributes: b.Attributes.attributes, tags: b.Tags}
	if len(v.operations) == 0 {
		v.operations = []string{"encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"}
	}
	v.attributes.fresh(s.world.Now())
	k, ok := s.keys[c.name]
	if !ok {
		k = &key{}
		s.keys[c.name] = k
	}
	k.versions = append(k.versions, v)
	return showKey(c, v), nil
}

func (s *Server) getKey(c call) (any, *fault) {
	v, f := s.keyVersion(c)
	if f != nil {
		return nil, f
	}
	return showKey(c, v), nil
}

// hashes are the algorithms that can be asked for, with their digests.
var hashes = map[string]crypto.Hash{
	"RS256": crypto.SHA256, "RS384": crypto.SHA384, "RS512": crypto.SHA512,
	"PS256": crypto.SHA256, "PS384": crypto.SHA384, "PS512": crypto.SHA512,
}

// sign signs a digest; the salt of PS* is as long as the digest.
func (s *Server) sign(c call) (any, *fault) {
	var b struct {
		Algorithm string `json:"alg"`
		Value     string `json:"value"` // base64url of the digest
	}
	if f := decode(c, &b); f != nil {
		return nil, f
	}
	v, f := s.keyVersion(c)
	if f != nil {
		return nil, f
	}
	digest, err := base64.RawURLEncoding.DecodeString(b.Value)
	hash, known := hashes[b.Algorithm]
	switch {
	case !v.enabled():
		return nil, faultf(http.StatusForbidden, "Forbidden", "KeyDisabled", "Operation sign is not allowed on a disabled key.")
	case !slices.Contains(v.operations, "sign"):
		return nil, faultf(http.StatusForbidden, "Forbidden", "KeyOperationForbidden", "Operation sign is not permitted on this key.")
	case !known:
		return nil, bad("The algorithm %q is not supported for this key.", b.Algorithm)
	case err != nil || len(digest) != hash.Size():
		return nil, bad("Invalid length of 'value': %d bytes, expected %d.", len(digest), hash.Size())
	}
	var signature []byte
	if b.Algorithm[0] == 'P' {
		signature, err = rsa.SignPSS(rand.Reader, v.private, hash, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	} else {
		signature, err = rsa.SignPKCS1v15(rand.Reader, v.private, hash, digest)
	}
	if err != nil {
		return nil, faultf(http.StatusInternalServerError, "InternalError", "", "%v", err)
	}
	return map[string]string{"kid": keyID(c, v), "value": base64.RawURLEncoding.EncodeToString(signature)}, nil
}

func (v *keyVersion) enabled() bool { return v.attributes.Enabled == nil || *v.attributes.Enabled }

// keyVersion finds the version a path names; none means the newest.
func (s *Server) keyVersion(c call) (*keyVersion, *fault) {
	if k, ok := s.keys[c.name]; ok {
		if c.version == "" {
			return k.versions[len(k.versions)-1], nil
		}
		for _, v := range k.versions {
			if v.id == c.version {
				return v, nil
			}
		}
	}
	return nil, faultf(http.StatusNotFound, "KeyNotFound", "", "A key with (name/id) %s was not found in this key vault.", c.name)
}

func keyID(c call, v *keyVersion) string {
	return "https://" + c.r.Host + "/keys/" + c.name + "/" + v.id
}

func showKey(c call, v *keyVersion) keyBundle {
	no := false
	public := v.private.PublicKey
	return keyBundle{
		Key: webKey{
			ID: keyID(c, v), Type: "RSA", Operations: v.operations,
			N: base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
			E: base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
		},
		Attributes: keyAttributes{v.attributes, &no}, Tags: v.tags,
	}
}
