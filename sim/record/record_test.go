package record_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/sim/record"
)

func TestCountsAndMasks(t *testing.T) {
	t.Parallel()
	c := record.New(time.Now)
	h := c.Wrap("login", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		if r.PostForm.Get("refresh_token") == "bad" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, "ok")
	}))
	post := func(form string) {
		r := httptest.NewRequest(http.MethodPost, "/11111111-1111-4111-8111-111111111111/token?x=topsecret", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", "Bearer topsecret")
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	post("grant_type=refresh_token&refresh_token=topsecret&client_secret=topsecret")
	post("refresh_token=topsecret")
	post("refresh_token=bad")
	want := []record.Count{
		{Host: "login", Method: "POST", Route: "/{id}/token", Status: 200, Count: 2},
		{Host: "login", Method: "POST", Route: "/{id}/token", Status: 400, Count: 1},
	}
	if got := c.Counts(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("counts = %v", got)
	}
	if c.Total("login", "/token") != 3 || c.Total("vault", "") != 0 {
		t.Errorf("total = %d", c.Total("login", "/token"))
	}
	recent := c.Recent()
	if text := fmt.Sprint(recent); strings.Contains(text, "topsecret") {
		t.Errorf("a secret was recorded: %s", text)
	}
	if recent[0].Fields["grant_type"] != "refresh_token" || recent[0].Fields["client_secret"] != "[masked]" {
		t.Errorf("fields = %v", recent[0].Fields)
	}
}

func TestAbortedAnswersAreCountedWithStatusZero(t *testing.T) {
	t.Parallel()
	c := record.New(time.Now)
	h := c.Wrap("arm", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the abort was swallowed")
			}
		}()
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/x", nil))
	}()
	if got := c.Counts(); len(got) != 1 || got[0].Status != 0 {
		t.Errorf("counts = %v", got)
	}
}

func TestOnlyTheLastThousandAreKept(t *testing.T) {
	t.Parallel()
	c := record.New(time.Now)
	h := c.Wrap("arm", http.NotFoundHandler())
	for i := range 1100 {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, fmt.Sprintf("/x?$top=%d", i), nil))
	}
	recent := c.Recent()
	if len(recent) != 1000 || recent[999].Fields["$top"] != "1099" || c.Total("arm", "/x") != 1100 {
		t.Errorf("%d kept, last %v", len(recent), recent[len(recent)-1])
	}
}
