package localworld

import "testing"

func TestConsentBook(t *testing.T) {
	t.Parallel()
	b := newConsentBook()
	for _, row := range []string{
		`{"Action":"application-consent","Subject":"a","Result":"asked"}`,
		`{"Action":"application-consent","Subject":"a","Result":"given"}`,
		`{"Action":"application-consent","Subject":"a","Result":"asked"}`, // of another service
		`{"Action":"application-consent","Subject":"a","Result":"proved"}`,
		`{"Action":"application-consent","Subject":"b","Result":"asked"}`,
		`{"Action":"application-consent","Subject":"b","Result":"refused"}`,
		`{"Action":"rotate","Subject":"c","Result":"given"}`,
		`not JSON`,
	} {
		b.note("table Audit", []byte(row))
	}
	b.note("table Outcomes", []byte(`{"Action":"application-consent","Subject":"d","Result":"given"}`))
	if got, want := b.String(), "Consent was missing at 2 customers: given at 1, proved by redeeming at 1, refused at 1"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
