package sam_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"github.com/samkeeper/samkeeper/internal/sam"
)

const canary = "canary-of-a-refresh-token"

// holder has the secret where reflection finds it.
type holder struct {
	Name   string
	Secret sam.Secret
	inner  sam.Secret
	list   []sam.Secret
}

func TestSecretNeverPrints(t *testing.T) {
	t.Parallel()
	secret := sam.NewSecret(canary)
	held := holder{Name: "n", Secret: secret, inner: secret, list: []sam.Secret{secret}}
	prints := map[string]func() string{
		"String": secret.String,
		"marshal JSON": func() string {
			b, err := json.Marshal(held)
			return string(b) + fmt.Sprint(err)
		},
		"marshal XML": func() string {
			b, err := xml.Marshal(held)
			return string(b) + fmt.Sprint(err)
		},
		"text template": func() string {
			var b bytes.Buffer
			err := template.Must(template.New("").Parse("{{.}} {{.Secret}} {{printf `%s` .Secret}}")).Execute(&b, held)
			return b.String() + fmt.Sprint(err)
		},
		"slog JSON": func() string {
			var b bytes.Buffer
			slog.New(slog.NewJSONHandler(&b, nil)).Info("x", slog.Any("secret", secret), slog.Any("held", held))
			return b.String()
		},
		"slog text": func() string {
			var b bytes.Buffer
			slog.New(slog.NewTextHandler(&b, nil)).Info("x", slog.Any("secret", secret), slog.Any("held", held))
			return b.String()
		},
		"wrapped in an error": func() string { return fmt.Errorf("with %v: %w", held, fmt.Errorf("%s", secret)).Error() },
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10.3s", "%T"} {
		prints[verb] = func() string { return fmt.Sprintf(verb+" "+verb+" "+verb, secret, &secret, held) }
	}
	for name, print := range prints {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := print()
			if strings.Contains(out, canary) || strings.Contains(out, fmt.Sprintf("%x", canary)) {
				t.Errorf("printed the secret: %s", out)
			}
		})
	}
}

func TestSecretReveals(t *testing.T) {
	t.Parallel()
	secret := sam.NewSecret(canary)
	if secret.Reveal() != canary || secret.Empty() || !(sam.Secret{}).Empty() {
		t.Error("Reveal or Empty is wrong")
	}
	if !secret.Equal(sam.NewSecret(canary)) || secret.Equal(sam.NewSecret("other")) || secret.Equal(sam.Secret{}) {
		t.Error("Equal is wrong")
	}
}
