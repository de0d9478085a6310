package notify

import (
	"context"
	"fmt"
	"log/slog"

	"rollcall/identity"
)

// ledger records what became of the messages of one channel.
type ledger struct {
	service *identity.Service
	log     *slog.Logger
	noun    string // what the log calls a message
}

// settle records what became of a message.
func (l ledger) settle(ctx context.Context, m identity.Message, failure *Failure) error {
	log := l.log.With("message", m.ID, "kind", m.Kind, "org", m.Org, "attempt", m.Attempts)
	if failure == nil {
		if err := l.service.Delivered(ctx, m); err != nil {
			return fmt.Errorf("the message %s was sent and could not be marked so; it will be sent again: %w", m.ID, err)
		}
		log.InfoContext(ctx, l.noun+" sent")
		return nil
	}
	if failure.Obsolete {
		if err := l.service.Drop(ctx, m, failure.Cause); err != nil {
			return fmt.Errorf("the message %s is not to be sent, and that could not be recorded: %w", m.ID, err)
		}
		log.InfoContext(ctx, l.noun+" dropped", "cause", m.WithoutSecrets(failure.Cause))
		return nil
	}
	if err := l.failed(ctx, m, failure); err != nil {
		return fmt.Errorf("the message %s was not sent, and that could not be recorded: %w", m.ID, err)
	}
	cause := m.WithoutSecrets(failure.Cause)
	if failure.Permanent || m.Attempts >= identity.MaxDeliveryAttempts {
		log.ErrorContext(ctx, l.noun+" given up", "cause", cause, "remedy", "rollcall mail retry, once the cause is mended")
		return nil
	}
	log.WarnContext(ctx, l.noun+" not sent; it will be tried again", "in", identity.RetryPause(m.Attempts, failure.Pause), "cause", cause)
	return nil
}

func (l ledger) failed(ctx context.Context, m identity.Message, failure *Failure) error {
	if failure.Permanent {
		return l.service.DeliveryFailed(ctx, m, true, failure.Cause)
	}
	return l.service.PutOff(ctx, m, failure.Pause, failure.Cause)
}
