package identity

import (
	"context"
	"time"
)

// The codes of calls that are repeated with a key (draft-ietf-httpapi-idempotency-key-header section 2.7).
const (
	// RuleKeyReused is a key that was used for another call.
	RuleKeyReused Rule = "IDEMPOTENCY_KEY_REUSED"
	// RuleKeyInProgress is a key whose first call has not been answered yet.
	RuleKeyInProgress Rule = "IDEMPOTENCY_IN_PROGRESS"
)

// ReceiptPatience is how long a call may take before another with the same key is let through. A call that is not answered by
// then has most likely died with its server. Letting the second through is safe even if the first is only slow: it is one
// more call like any other, and what must not happen twice is kept from it by the rules that hold for all calls (one account
// per address and per userName, one step of a status, one job of a kind). It gets a refusal instead of the first answer, and
// that is all.
const ReceiptPatience = time.Minute

// BeginReceipt takes a key for a call that is about to be made. If the same call has been answered already, its receipt comes
// back with the answer, and nothing is to be done. A receipt without an answer is the caller's to complete by
// [Service.FinishReceipt] or to give up by [Service.AbandonReceipt]. It is Conflict with IDEMPOTENCY_KEY_REUSED for a key that
// belongs to another call, and with IDEMPOTENCY_IN_PROGRESS for one whose call is under way. Answers count for
// [ReceiptHours]; then a key is as good as new.
func (s *Service) BeginReceipt(ctx context.Context, caller, key, fingerprint string) (Receipt, error) {
	begun := Receipt{Caller: caller, Key: key, Fingerprint: fingerprint}
	err := s.store.Do(ctx, Shared(), func(tx Tx) error {
		now, err := tx.SharedNow(ctx, s.clock.Now())
		if err != nil {
			return err
		}
		begun.Answer, begun.CreatedAt = nil, now
		before, err := tx.Receipt(ctx, caller, key)
		switch {
		case IsNotFound(err):
			return tx.InsertReceipt(ctx, begun)
		case err != nil:
			return err
		}
		age := begun.CreatedAt.Sub(before.CreatedAt)
		switch {
		case age >= ReceiptHours*time.Hour:
		case before.Fingerprint != fingerprint:
			return Refuse(Conflict, RuleKeyReused, "the idempotency key was used for another call; a key belongs to one call with one body").At("header.Idempotency-Key")
		case before.Answer != nil:
			begun = before
			return nil
		case age < ReceiptPatience:
			return Refuse(Conflict, RuleKeyInProgress, "the first call with this idempotency key has not been answered yet").At("header.Idempotency-Key")
		}
		// Deleting first makes sure that one of two calls that come together here finds nothing to delete.
		if err := tx.DeleteReceipt(ctx, caller, key); err != nil {
			return err
		}
		return tx.InsertReceipt(ctx, begun)
	})
	if RuleOf(err) == RuleReceiptExists {
		err = Refuse(Conflict, RuleKeyInProgress, "another call with this idempotency key came at the same time").At("header.Idempotency-Key")
	}
	return begun, err
}

// FinishReceipt keeps the answer to a call. It does nothing if the call took so long that another one has taken its place.
func (s *Service) FinishReceipt(ctx context.Context, r Receipt, answer []byte) error {
	return s.ownReceipt(ctx, r, func(tx Tx) error {
		r.Answer = answer
		return tx.UpdateReceipt(ctx, r)
	})
}

// AbandonReceipt frees the key of a call that had no effect worth remembering.
func (s *Service) AbandonReceipt(ctx context.Context, r Receipt) error {
	return s.ownReceipt(ctx, r, func(tx Tx) error { return tx.DeleteReceipt(ctx, r.Caller, r.Key) })
}

// ownReceipt does something with a receipt if it is still the one that was begun.
func (s *Service) ownReceipt(ctx context.Context, r Receipt, do func(Tx) error) error {
	return s.store.Do(ctx, Shared(), func(tx Tx) error {
		now, err := tx.Receipt(ctx, r.Caller, r.Key)
		if IsNotFound(err) || err == nil && !now.CreatedAt.Equal(r.CreatedAt) {
			return nil
		}
		if err != nil {
			return err
		}
		return do(tx)
	})
}

// ForgetReceipts deletes the receipts whose time is over. It is the worker's, and may run late or twice.
func (s *Service) ForgetReceipts(ctx context.Context) error {
	made := s.clock.Now().Add(-ReceiptHours * time.Hour)
	return s.forget(ctx, func(tx Tx, limit int) (int, error) { return tx.DeleteReceiptsBefore(ctx, made, limit) })
}
