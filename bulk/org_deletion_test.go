package bulk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/bulk"
	"rollcall/identity"
)

// An import is under way when the deletion of its organization begins: it ends without a complaint, wherever it is.
func TestORG19_AJobOfAnOrganizationThatIsBeingDeletedIsLeft(t *testing.T) {
	const people = 330
	for at := 1; at <= 5; at++ {
		t.Run(fmt.Sprintf("before transaction %d", at), func(t *testing.T) {
			w, f := newFlakyWorld(t)
			rows := []string{only}
			for i := range people {
				rows = append(rows, fmt.Sprintf("p%d@example.com", i))
			}
			_, err := w.StartImport(w.ctx, admin, w.org, strings.NewReader(lines(rows...)), bulk.ImportOptions{})
			require.NoError(t, err)
			f.set(func(n int) error {
				if n != at {
					return nil
				}
				f.set(nil, nil)
				_, err := w.service.RequestDeletion(w.ctx, operator, w.org, identity.DeletionRequest{
					Handling: identity.HandleDelete, AcknowledgeUsers: identity.HandleDelete, AcknowledgeIrreversible: true})
				return err
			}, nil)
			_, err = w.Work(w.ctx, 100)
			require.NoError(t, err)
			f.set(nil, nil)
			before := w.count()
			n, err := w.Work(w.ctx, 100)
			require.NoError(t, err)
			require.Zero(t, n, "nobody takes it up again")
			require.Equal(t, before, w.count())
			for last := false; !last; {
				last, err = w.service.ContinueDeletion(w.ctx, w.org)
				require.NoError(t, err)
			}
			jobs, err := w.service.Reader().Jobs(w.ctx, w.org, "", "", 10)
			require.NoError(t, err)
			require.Empty(t, jobs)
		})
	}
}
