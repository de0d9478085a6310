package identity_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestNTF06_AMailIsWrittenOnceAndWithWhatItTellsAbout(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	mail := func(key string, after error) error {
		return w.Transact(w.ctx, org, operator, func(c *identity.Acts) error {
			data := map[string]string{"connector": "HQ"}
			if err := c.Mail(w.ctx, identity.MessageSyncReport, "olga@example.com", key, data); err != nil {
				return err
			}
			require.Len(t, data, 1, "what was given stays as it was")
			return after
		})
	}
	outbox := func() []identity.Message {
		list, err := w.Reader().Messages(w.ctx, org, identity.MessageQuery{Limit: 10})
		require.NoError(t, err)
		return list
	}
	failed := errors.New("failed")
	require.ErrorIs(t, mail("run 1", failed), failed)
	require.Empty(t, outbox())
	require.NoError(t, mail("run 1", nil))
	require.NoError(t, mail("run 1", nil))
	list := outbox()
	require.Len(t, list, 1)
	require.Equal(t, "olga@example.com", list[0].To)
	require.Equal(t, map[string]string{"organization": "A", "connector": "HQ"}, list[0].Data)
	require.Equal(t, identity.MessageWaiting, list[0].State)
	require.NoError(t, mail("run 2", nil))
	require.Len(t, outbox(), 2)
}
