package directory_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/identity"
)

// receivers are n addresses.
func receivers(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("r%02d@corp.example", i)
	}
	return list
}

// reportTo makes addresses the receivers of the connector's reports.
func (w *world) reportTo(addresses ...string) *world {
	settings, err := json.Marshal(map[string]any{"reportTo": addresses})
	require.NoError(w.t, err)
	require.NoError(w.t, w.service.Transact(w.t.Context(), w.org, admin, func(c *identity.Acts) error {
		n, err := c.Tx().Connector(w.t.Context(), w.org, w.connector)
		if err != nil {
			return err
		}
		n.Settings, n.UpdatedAt = settings, c.Now()
		return c.Tx().UpdateConnector(w.t.Context(), n)
	}))
	return w
}

// reports returns the reports in the outbox, the oldest first.
func (w *world) reports() []identity.Message {
	list, err := w.store.Messages(w.t.Context(), w.org, identity.MessageQuery{Limit: 1000})
	require.NoError(w.t, err)
	list = slices.DeleteFunc(list, func(m identity.Message) bool { return m.Kind != identity.MessageSyncReport })
	slices.Reverse(list)
	return list
}

func TestDIR14_Receivers(t *testing.T) {
	for name, c := range map[string]struct {
		list  []string
		field string // empty: accepted
		says  string
	}{
		"nobody":                     {nil, "", ""},
		"thirty":                     {receivers(30), "", ""},
		"the thirty-first":           {receivers(31), "reportTo[30]", "there are 31 receivers of reports; at most 30 are allowed"},
		"no address":                 {[]string{"a@corp.example", "nobody"}, "reportTo[1]", `nobody can get reports there: "nobody" is not an e-mail address`},
		"an empty one":               {[]string{""}, "reportTo[0]", "it is empty"},
		"of claimed users":           {[]string{"a@convert-user.local"}, "reportTo[0]", "reserved"},
		"twice, in another spelling": {[]string{"a@corp.example", "b@corp.example", "A@CORP.example"}, "reportTo[2]", "a@corp.example is among the receivers of reports twice"},
		"beyond ASCII":               {[]string{"jürgen@corp.example"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := directory.CheckReceivers(c.list)
			if c.field == "" {
				require.NoError(t, err)
				return
			}
			var e *identity.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, identity.Invalid, e.Kind)
			require.Equal(t, c.field, e.Field)
			require.Contains(t, e.Detail, c.says)
		})
	}
}

func TestDIR14_NobodyPlansWithReceiversThatAreNone(t *testing.T) {
	w := newWorld(t).reportTo(receivers(31)...)
	w.source.set(people(3)...)
	_, _, err := w.syncer.Plan(t.Context(), w.org, w.connector, admin, nil)
	require.Equal(t, identity.Invalid, identity.KindOf(err))
	require.ErrorContains(t, err, "at most 30")
}

func TestNTF05_DIR14_EveryRunIsReported(t *testing.T) {
	w := newWorld(t).reportTo("olga@corp.example", "Ops@Elsewhere.example")
	w.source.set(append(people(3), entry("eve", mail("not an address")))...)
	stored, _ := w.plan()
	require.Empty(t, w.reports(), "a plan that waits for nobody is no news")
	report := w.apply(stored.ID)
	list := w.reports()
	require.Len(t, list, 2)
	require.ElementsMatch(t, []string{"olga@corp.example", "Ops@Elsewhere.example"}, []string{list[0].To, list[1].To})
	for _, m := range list {
		require.Equal(t, identity.MessageWaiting, m.State)
		require.Empty(t, m.Account)
		require.Equal(t, "Corp", m.Data["organization"])
		require.Equal(t, "corp", m.Data["connector"])
		require.Equal(t, "completed_with_errors", m.Data["state"])
		for _, says := range []string{
			"Run " + string(report.Run) + ": completed_with_errors, 4 of 4 steps.\n  create        3\n",
			"1 not possible", "not an address: ", "(INVALID_EMAIL)", "0 were as they should be",
			"Read 4 entries from dc1.corp.example at 2026-01-02 03:04:05 UTC, proven complete.",
			"rollcall sync show --org " + string(w.org) + " " + string(report.Run),
		} {
			require.Contains(t, m.Data["text"], says)
		}
	}

	w.source.set(people(3)...)
	require.Empty(t, w.sync().Applied)
	list = w.reports()[2:]
	require.Len(t, list, 2, "nothing changed and nothing went wrong, and that is a report too")
	require.Equal(t, "completed", list[0].Data["state"])
	require.Contains(t, list[0].Data["text"], "completed, 0 of 0 steps.\n  3 were as they should be\n")
}

func TestDIR14_WithoutReceiversNobodyGetsMail(t *testing.T) {
	w := newWorld(t)
	w.source.set(people(3)...)
	w.sync()
	require.Empty(t, w.reports())
}

// TestDIR14_ARunThatWasCutShortMailsOnce kills the run before each of its transactions in turn.
func TestDIR14_ARunThatWasCutShortMailsOnce(t *testing.T) {
	for kill := range 5 {
		t.Run(fmt.Sprintf("before transaction %d", kill), func(t *testing.T) {
			w := newWorld(t).reportTo(receivers(directory.MaxReceivers)...)
			w.source.set(people(450)...)
			stored, _ := w.plan()
			left := &atomic.Int64{}
			left.Store(int64(kill))
			_, err := w.syncerOver(brittle{w.store, left}).Apply(t.Context(), w.org, stored.ID, admin, nil)
			require.ErrorIs(t, err, errKilled)
			require.Empty(t, w.reports(), "NTF-06: no end, no report")
			w.apply(stored.ID)
			_, err = w.syncer.Apply(t.Context(), w.org, stored.ID, admin, nil)
			require.Equal(t, directory.RulePlanApplied, identity.RuleOf(err))
			told := map[string]int{}
			for _, m := range w.reports() {
				told[m.To]++
			}
			require.Len(t, told, 30)
			for to, n := range told {
				require.Equal(t, 1, n, to)
			}
		})
	}
}

func TestDIR09_WhoeverApprovesIsTold(t *testing.T) {
	w := newWorld(t).reportTo("olga@corp.example")
	w.source.set(people(100)...)
	w.sync()
	w.source.set(people(79)...)
	stored, _ := w.plan()
	list := w.reports()[1:]
	require.Len(t, list, 1)
	require.Equal(t, "held", list[0].Data["state"])
	require.Contains(t, list[0].Data["text"], "HELD until an administrator approves this plan: 21 of 100 people would be lost")
	require.Contains(t, list[0].Data["text"], "--org "+string(w.org)+" "+string(stored.ID)+" --approve --by NAME")

	_, err := w.syncer.Approve(t.Context(), w.org, stored.ID, admin)
	require.NoError(t, err)
	w.apply(stored.ID)
	list = w.reports()[2:]
	require.Len(t, list, 1)
	require.Equal(t, "completed", list[0].Data["state"])
	require.NotContains(t, list[0].Data["text"], "HELD")
}

func TestDIR16_ARunThatTheDirectoryPreventsIsReported(t *testing.T) {
	w := newWorld(t).reportTo("olga@corp.example")
	w.source.down = identity.Refuse(identity.Unavailable, directory.RuleUnreachable, "the server is down")
	w.plan()
	require.Empty(t, w.reports(), "whoever only looks sees it")
	_, _, _, err := w.syncer.Run(t.Context(), w.org, w.connector, admin, nil)
	require.NoError(t, err)
	list := w.reports()
	require.Len(t, list, 1)
	require.Equal(t, "refused", list[0].Data["state"])
	require.Contains(t, list[0].Data["text"], "The server is down.")
	require.NotContains(t, list[0].Data["text"], "--approve")
}

func TestDIR14_AReportIsBounded(t *testing.T) {
	w := newWorld(t).reportTo("olga@corp.example")
	list := people(21)
	for i := range list {
		mail(fmt.Sprintf("no address %02d\x1b[2J", i))(&list[i])
	}
	for i := range 100 {
		w.source.gaps = append(w.source.gaps, fmt.Sprintf("Gap %d: %s", i, strings.Repeat("é", 1000)))
	}
	w.source.set(list...)
	w.sync()
	text := w.reports()[0].Data["text"]
	require.Contains(t, text, "21 not possible")
	require.Contains(t, text, "no address 19")
	require.NotContains(t, text, "no address 20")
	require.Contains(t, text, "and 1 more")
	require.NotContains(t, text, "\x1b")
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	require.Len(t, lines, 60)
	require.Contains(t, lines[59], "rollcall sync show", "where the rest is")
	require.Equal(t, "…", lines[58])
	for _, line := range lines {
		require.LessOrEqual(t, utf8.RuneCountInString(line), 301)
	}
}
