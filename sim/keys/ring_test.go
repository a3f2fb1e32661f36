package keys_test

import (
	"encoding/json"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/samkeeper/samkeeper/sim/keys"
)

func TestRotationKeepsThreeOlderKeys(t *testing.T) {
	t.Parallel()
	ring, err := keys.New()
	if err != nil {
		t.Fatal(err)
	}
	token, err := ring.Sign(map[string]string{"a": "b"})
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 4; n++ {
		if _, err := ring.Open(token); err != nil {
			t.Errorf("before rotation %d: %v", n, err)
		}
		if err := ring.Rotate(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ring.Open(token); err == nil {
		t.Error("a key that left the set still verifies")
	}
	if set := ring.Published("x", "y"); len(set) != 4 || set[0].Issuer != "y" {
		t.Errorf("%d keys published", len(set))
	}
}

// What is published is a key set that other libraries read, and it verifies.
func TestPublishedKeysVerify(t *testing.T) {
	t.Parallel()
	ring, err := keys.New()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(map[string]any{"keys": ring.Published("microsoftonline.com", "https://issuer.example")})
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(raw, &set); err != nil {
		t.Fatal(err)
	}
	token, err := ring.Sign(map[string]string{"a": "b"})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	if payload, err := signed.Verify(set); err != nil || string(payload) != `{"a":"b"}` {
		t.Errorf("payload %s, %v", payload, err)
	}
}
