package keys_test

import (
	"github.com/samkeeper/samkeeper/sim/keys"
	"testing"
)

func TestSharedKeySignsAndOpens(t *testing.T) {
	t.Parallel()
	r, err := keys.NewShared()
	if err != nil {
		t.Fatal(err)
	}
	tok, err := r.Sign(map[string]any{"a": 1})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := r.Open(tok)
	if err != nil || string(raw) != `{"a":1}` {
		t.Error(string(raw), err, tok)
	}
	if n := len(r.Published("", "")); n != 0 {
		t.Errorf("%d keys are published", n)
	}
	other, err := keys.New()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Open(tok); err == nil {
		t.Error("a real ring takes a token of the shared key")
	}
}
