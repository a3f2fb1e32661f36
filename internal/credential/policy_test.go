package credential_test

import (
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/credential"
	"github.com/samkeeper/samkeeper/internal/ledger"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func in(d time.Duration) time.Time { return noon.Add(d) }

// held is a credential with so much time left, stored so long ago.
func held(id string, left, age time.Duration) credential.Held {
	return credential.Held{Version: "v-" + id, ID: id, Expires: in(left), Created: in(-age)}
}

func TestDue(t *testing.T) {
	t.Parallel()
	none := credential.Held{}
	tidied := ledger.Credential{TidiedAt: in(-day)}
	listed := func(ago time.Duration) ledger.Credential {
		return ledger.Credential{Candidate: "new", ListedAt: in(-ago)}
	}
	for name, row := range map[string]struct {
		current, candidate credential.Held
		row                ledger.Credential
		step               credential.Step
		next               time.Time
	}{
		"nothing at all":                       {none, none, tidied, credential.Make, time.Time{}},
		"stored by hand, without an end":       {credential.Held{Version: "v"}, none, tidied, credential.Make, time.Time{}},
		"31 days left":                         {held("old", 31*day, 90*day), none, tidied, credential.Idle, in(day)},
		"just 30 days left":                    {held("old", 30*day, 90*day), none, tidied, credential.Idle, in(0)},
		"less than 30 days left":               {held("old", 30*day-time.Second, 90*day), none, tidied, credential.Make, time.Time{}},
		"ended":                                {held("old", -day, 90*day), none, tidied, credential.Make, time.Time{}},
		"after a failure":                      {held("old", day, 90*day), none, ledger.Credential{NextAttempt: in(time.Minute)}, credential.Idle, in(time.Minute)},
		"the wait after a failure is over":     {held("old", day, 90*day), none, ledger.Credential{NextAttempt: in(0)}, credential.Make, time.Time{}},
		"candidate not known to be listed":     {held("old", 9*day, 90*day), held("new", 365*day, 0), ledger.Credential{}, credential.List, time.Time{}},
		"another candidate was listed":         {held("old", 9*day, 90*day), held("new", 365*day, 0), ledger.Credential{Candidate: "lost", ListedAt: in(-day)}, credential.List, time.Time{}},
		"candidate listed just now":            {held("old", 9*day, 90*day), held("new", 365*day, 0), listed(0), credential.Idle, in(10 * time.Minute)},
		"candidate has had its time":           {held("old", 9*day, 90*day), held("new", 365*day, 0), listed(10 * time.Minute), credential.Prove, time.Time{}},
		"no time to lose: nothing works":       {held("old", -time.Second, 90*day), held("new", 365*day, 0), listed(0), credential.Prove, time.Time{}},
		"no time to lose: there is none":       {none, held("new", 365*day, 0), listed(0), credential.Prove, time.Time{}},
		"candidate is in use already":          {held("new", 365*day, 0), held("new", 365*day, 0), listed(time.Hour), credential.Settle, time.Time{}},
		"candidate of long ago":                {held("old", 9*day, 90*day), held("new", 29*day, 336*day), listed(300 * day), credential.Discard, time.Time{}},
		"candidate that cannot be read":        {held("old", 9*day, 90*day), credential.Held{Version: "v"}, ledger.Credential{}, credential.Discard, time.Time{}},
		"switched over an hour ago":            {held("new", 365*day, time.Hour), none, tidied, credential.Idle, in(23 * time.Hour)},
		"switched over a day ago":              {held("new", 365*day, day), none, ledger.Credential{TidiedAt: in(-9 * day)}, credential.Tidy, time.Time{}},
		"switched over a day ago, tidied":      {held("new", 365*day, day), none, ledger.Credential{TidiedAt: in(0)}, credential.Idle, in(335 * day)},
		"tidied before the last switch":        {held("new", 365*day, 2*day), none, ledger.Credential{TidiedAt: in(-3 * day)}, credential.Tidy, time.Time{}},
		"the row was lost, nothing else is up": {held("old", 100*day, 90*day), none, ledger.Credential{}, credential.Tidy, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := credential.Due(noon, credential.Status{Current: row.current, Candidate: row.candidate, Row: row.row})
			if got.Step != row.step || !got.Next.Equal(row.next) || got.Reason == "" {
				t.Errorf("%+v, want %s at %v", got, row.step, row.next)
			}
		})
	}
}

func TestMarkIsTheVaultsOwn(t *testing.T) {
	t.Parallel()
	a := credential.Mark("https://a.vault.azure.net", "app-secret")
	for name, other := range map[string]string{
		"other vault":      credential.Mark("https://b.vault.azure.net", "app-secret"),
		"other credential": credential.Mark("https://a.vault.azure.net", "app-certificate"),
	} {
		if other == a {
			t.Errorf("%s: the same mark", name)
		}
	}
	if again := credential.Mark("https://a.vault.azure.net", "app-secret"); again != a || len(a) > 30 {
		t.Errorf("%q, then %q", a, again)
	}
}
