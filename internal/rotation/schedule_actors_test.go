package rotation_test

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
	simworld "github.com/samkeeper/samkeeper/sim/world"
)

func rowID() string { return uuid.NewString() }

// puppet is a second process that makes its remote calls when it is told to,
// one at a time, so that every interleaving with the first can be played.
type puppet struct {
	*process
	parked chan struct{} // it stands before its next call
	turn   chan struct{} // it may make it
	done   chan struct{}
	ended  bool
}

// startPuppet runs act up to its first remote call.
func startPuppet(p *process, act func()) *puppet {
	b := &puppet{process: p, parked: make(chan struct{}), turn: make(chan struct{}), done: make(chan struct{})}
	p.park = func(int) {
		b.parked <- struct{}{}
		<-b.turn
	}
	go func() {
		defer close(b.done)
		act()
	}()
	b.wait()
	return b
}

func (b *puppet) wait() {
	select {
	case <-b.parked:
	case <-b.done:
		b.ended = true
	}
}

// move lets it make n calls, or all that are left when n is 0. It reports
// whether it stands before another one.
func (b *puppet) move(n int) bool {
	for i := 0; !b.ended && (n == 0 || i < n); i++ {
		b.turn <- struct{}{}
		b.wait()
	}
	return !b.ended
}

// kill ends it where it stands.
func (b *puppet) kill() {
	b.dead = true
	b.move(0)
}

// consents is what package consent does once the sign-in is checked: intent,
// vault, read back, status, outcome. With revoke the sign-in ended all older
// grants, as a changed password does.
func consents(p *process, revoke bool) {
	w := p.stage.cloud.World
	if revoke {
		w.RevokeGrants(simworld.IntegrationUserID)
	}
	ctx, book := p.context(), processLedger{p}
	audit := ledger.Audit{At: p.clock(), Action: "consent", Phase: ledger.PhaseIntent, Subject: string(onStage)}
	if book.Record(ctx, audit) != nil {
		return
	}
	put, err := p.vault().Put(ctx, vault.Version{
		Connection: onStage, Token: sam.NewSecret(w.OpenGrant(signedIn(w))), Kind: sam.PartnerConnection, App: simworld.AppID,
		Cloud: "public", Source: vault.SourceConsent, AMR: []string{"pwd", "mfa"}, RedeemedAt: p.clock(),
	})
	if err != nil {
		return
	}
	if _, err := p.vault().At(ctx, onStage, put.ID); err != nil {
		return
	}
	row := ledger.Connection{
		ID: onStage, Kind: sam.PartnerConnection, App: simworld.AppID, Cloud: "public",
		ConsentedAt: put.RedeemedAt, RedeemedAt: put.RedeemedAt, Expires: put.Expires, Version: put.ID, MFA: true,
	}
	_ = book.PutConnection(ctx, row)
	audit.Phase = ledger.PhaseOutcome
	_ = book.Record(ctx, audit)
}

// act is what a second process does.
func (s schedule) act(p *process) func() {
	switch s.second {
	case rotates:
		return func() { _, _ = p.rotator().Rotate(p.context(), onStage, false) }
	case consentsAnew:
		return func() { consents(p, false) }
	case consentsRevoking:
		return func() { consents(p, true) }
	}
	panic(fmt.Sprintf("no such actor: %q", s.second))
}
