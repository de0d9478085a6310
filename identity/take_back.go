package identity

import (
	"context"
	"encoding/json"
	"time"
)

// Former is what an account was before a run of synchronization changed it.
type Former struct {
	Draft  Draft          // Active is ignored
	Link   *DirectoryLink // nil: no connector knew the account
	Reason InactiveReason // why it was inactive; empty: it was not
}

// TakeBack makes an account what it was before a run, in one write. Somebody who was not inactive gets back the status from before the run,
// or keeps the better one that they have earned since; somebody who was inactive is kept from now on for as long as that reason
// says, so that nobody is deleted before a date that was shown. It is for connectors only.
func (c *Acts) TakeBack(ctx context.Context, id AccountID, expect func(Account) error, f Former, evidence json.RawMessage) (Account, error) {
	before, err := c.load(ctx, id, expect)
	if err != nil {
		return Account{}, err
	}
	if err := c.mayTouch(before); err != nil {
		return Account{}, err
	}
	a := before.with(f.Draft)
	a.Directory = f.Link
	a, status, err := a.backTo(f.Reason, c.now)
	if err != nil {
		return Account{}, err
	}
	return c.write(ctx, before, a, status, evidence)
}

// backTo brings the account to being inactive for a reason, or to not being inactive.
func (a Account) backTo(why InactiveReason, now time.Time) (Account, Event, error) {
	switch {
	case why == "":
		return a.Apply(DirectoryPresent, "", now)
	case a.Status == Inactive && a.InactiveReason == why:
		return a, Event{}, nil
	case a.Status == Inactive && !why.FromDirectory():
		// From what a directory says to what a person said, the way leads through the status from before both.
		var err error
		if a, _, err = a.Apply(DirectoryPresent, "", now); err != nil {
			return Account{}, Event{}, err
		}
	}
	return a.Apply(triggerOf(why), why, now)
}
