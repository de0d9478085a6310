package store

import (
	"context"
	"crypto/rand"
	"time"
)

// How long somebody asks what a commit came to after its connection was lost, and how often.
const (
	inquiryLimit = 30 * time.Second
	inquiryPause = 100 * time.Millisecond
)

// How many commits lie between two clearings of marks, and how old a mark gets. Nobody asks for one later than inquiryLimit.
const (
	clearEvery = 1000
	clearMarks = "DELETE FROM commits WHERE at < now() - interval '1 hour'"
)

// How a transaction ends that is to be kept.
const (
	putMark         = "INSERT INTO commits (mark) VALUES ($1)"
	commitStatement = "COMMIT"
)

// commit ends a transaction. What it wrote is marked, with a mark of its own in the same transaction, so that it can be found out what came
// of it if the connection is lost before the server's answer.
func (w *sessions) commit(s *session, wrote bool) (ending, error) {
	var mark []byte
	if wrote {
		mark = make([]byte, 16)
		_, _ = rand.Read(mark) // never fails
	}
	tag, err := s.commit(mark)
	switch {
	case err == nil && tag == commitStatement:
		s.over = true
		if wrote && w.commits.Add(1)%clearEvery == 0 {
			_ = s.exec(clearMarks) // the next one does it
		}
		return settled, nil
	case err == nil:
		s.over = true
		return settled, unavailable("the database undid the transaction instead of committing it; try again", nil)
	case !s.broken():
		return whatEnded(err), refusal(err)
	case !wrote:
		return cut, refusal(err)
	}
	s.over = true // as far as this connection can tell
	return settled, &unanswered{mark, err}
}

// unanswered is a commit whose answer was lost. Only [sessions.do] sees it.
type unanswered struct {
	mark  []byte
	cause error
}

func (u *unanswered) Error() string { return u.cause.Error() }

// inquire finds out what a commit came to. It writes the mark itself: that waits for the transaction if it is still under way, does nothing
// if it was committed, and keeps it from being committed if not.
func (w *sessions) inquire(asked *unanswered) (ending, error) {
	ctx, cancel := context.WithTimeout(context.Background(), w.inquiryLimit)
	defer cancel()
	for {
		kept, err := w.kept(ctx, asked.mark)
		switch {
		case err == nil && kept:
			w.commits.Add(1)
			return settled, nil
		case err == nil:
			return cut, refusal(asked.cause)
		}
		select {
		case <-time.After(inquiryPause):
		case <-ctx.Done():
			return settled, unavailable("the connection to the database was lost while it stored this, and it does not say since whether it has; "+
				"look before you try again", asked.cause)
		}
	}
}

// kept tells whose mark it is. It reads after it has written, because its own answer may have been lost before.
func (w *sessions) kept(ctx context.Context, mark []byte) (kept bool, err error) {
	if _, err := w.db.ExecContext(ctx, "INSERT INTO commits (mark, kept) VALUES ($1, false) ON CONFLICT (mark) DO NOTHING", mark); err != nil {
		return false, err
	}
	return kept, w.db.QueryRowContext(ctx, "SELECT kept FROM commits WHERE mark = $1", mark).Scan(&kept)
}
