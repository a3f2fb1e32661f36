package sam_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/internal/sam"
)

func TestProblemSaysWhatWhereAndWho(t *testing.T) {
	t.Parallel()
	p := &sam.Problem{
		Op: "redeem refresh token", Tenant: guid, Class: sam.ClassCustomer, Code: "AADSTS65001", Status: 400,
		RequestID: "trace-1", Plain: "The app has no consent in this tenant.", Err: io.ErrUnexpectedEOF,
	}
	err := fmt.Errorf("visiting: %w", p)
	for _, part := range []string{"redeem refresh token", guid, "AADSTS65001", "HTTP 400", "no consent", "trace-1", "unexpected EOF"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is missing in %q", part, err)
		}
	}
	if sam.AsProblem(err) != p || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("the problem or its cause is lost in the chain")
	}
}

func TestClassOf(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name string
		err  error
		want sam.Class
	}{
		{"nil", nil, ""},
		{"a problem", &sam.Problem{Class: sam.ClassPolicy}, sam.ClassPolicy},
		{"a wrapped problem", fmt.Errorf("x: %w", &sam.Problem{Class: sam.ClassReconsent}), sam.ClassReconsent},
		{"a problem without class", &sam.Problem{}, sam.ClassRetry},
		{"any other error", io.EOF, sam.ClassRetry},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := sam.ClassOf(row.err); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestFinalStates(t *testing.T) {
	t.Parallel()
	for state, final := range map[sam.OutcomeState]bool{
		sam.Expected: false, sam.Retry: false, sam.Done: true, sam.Skipped: true, sam.Failed: true, "": false,
	} {
		if state.Final() != final {
			t.Errorf("%q.Final() = %v", state, !final)
		}
	}
}
