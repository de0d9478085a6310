package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"rollcall/identity"
)

// MaxReceivers is how many addresses get the reports of a connector at most (DIR-14).
const MaxReceivers = 30

// The bounds of a mailed report: the rest is in the history.
const (
	maxMailedItems = 20
	maxMailedLines = 60
	maxMailedRunes = 300 // of a line
)

// CheckReceivers refuses addresses that cannot all get the reports of a connector. The error names the place in the list. What
// the operator decided about the addresses of accounts does not count: a receiver needs no account.
func CheckReceivers(list []string) error {
	bad := func(i int, format string, args ...any) error {
		return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, format, args...).At(fmt.Sprintf("reportTo[%d]", i))
	}
	if len(list) > MaxReceivers {
		return bad(MaxReceivers, "there are %d receivers of reports; at most %d are allowed, so take a mailing list for more", len(list), MaxReceivers)
	}
	seen := map[identity.EmailKey]bool{}
	for i, address := range list {
		email, err := identity.ParseEmail(address, identity.EmailPolicy{NonASCIILocalParts: true})
		switch {
		case err != nil:
			return bad(i, "nobody can get reports there: %s", strings.TrimSuffix(sentence(err), "."))
		case seen[email.Key]:
			return bad(i, "%s is among the receivers of reports twice", email.Key)
		}
		seen[email.Key] = true
	}
	return nil
}

// receiversOf reads who gets the reports of a connector from its settings, under the key "reportTo".
func receiversOf(settings json.RawMessage) ([]string, error) {
	var v struct {
		ReportTo []string `json:"reportTo"`
	}
	if len(settings) > 0 {
		if err := json.Unmarshal(settings, &v); err != nil {
			return nil, identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "reportTo is not a list of addresses").At("settings")
		}
	}
	return v.ReportTo, CheckReceivers(v.ReportTo)
}

// tellsOfPlan reports whether a plan is news by itself: a held one waits for somebody to approve it. A refused one is the whole
// of a synchronization that was to be applied, while somebody who only wanted to see it has seen it.
func tellsOfPlan(state identity.PlanState, toApply bool) bool {
	return state == identity.PlanHeld || state == identity.PlanRefused && toApply
}

// tellOfPlan mails the connector's receivers about a plan that nothing comes of for the moment.
func tellOfPlan(ctx context.Context, c *identity.Acts, n identity.Connector, stored identity.Plan, plan Plan) error {
	var b strings.Builder
	if err := plan.Summary().Print(&b); err != nil {
		return err
	}
	fmt.Fprintf(&b, "To read it: rollcall sync show --org %s %s\n", stored.Org, stored.ID)
	if stored.State == identity.PlanHeld {
		fmt.Fprintf(&b, "To approve it: rollcall sync apply --org %s %s --approve --by NAME\n", stored.Org, stored.ID)
	}
	return tell(ctx, c, n, string(stored.ID), string(stored.State), b.String())
}

// tellsOfRun reports whether a run is news: a full one always, be it that nothing changed; an incremental one if something was not as it
// should be (DIR-14).
func tellsOfRun(reading Reading, noLosses string, r Report) bool {
	return reading.kind() != ReadChanges || !reading.Complete || noLosses != "" || r.Failed+r.Stale > 0
}

// tellOfRun mails the connector's receivers about a run that ended.
func tellOfRun(ctx context.Context, c *identity.Acts, n identity.Connector, reading Reading, figures Figures, r Report) error {
	run := r.Run
	if more := len(r.Items) - maxMailedItems; more > 0 {
		r.Items, r.Further = r.Items[:maxMailedItems], r.Further+more
	}
	var b strings.Builder
	if err := r.Print(&b); err != nil {
		return err
	}
	if reading.Undoes == nil {
		fmt.Fprintf(&b, "  %d were as they should be\n", figures.Unchanged)
	}
	if err := reading.Print(&b); err != nil {
		return err
	}
	fmt.Fprintf(&b, "All of it: rollcall sync show --org %s %s\n", n.Org, run)
	return tell(ctx, c, n, string(run), string(r.State), b.String())
}

// tellOfQuarantine mails the connector's receivers that nothing runs by itself any more.
func tellOfQuarantine(ctx context.Context, c *identity.Acts, n identity.Connector, s identity.Schedule) error {
	text := whyQuarantined(s) + fmt.Sprintf("\nTo look closer: rollcall connector test --org %s %s\nTo go on once that is mended: rollcall sync resume --org %s --connector %s\n",
		n.Org, n.ID, n.Org, n.ID)
	return tell(ctx, c, n, fmt.Sprintf("quarantine %s %d", n.ID, s.QuarantinedAt.UnixMicro()), "quarantined", text)
}

// tell writes one mail for each receiver. about is what the mails are about: nobody gets two about the same.
func tell(ctx context.Context, c *identity.Acts, n identity.Connector, about, state, text string) error {
	receivers, err := receiversOf(n.Settings)
	if err != nil {
		return err
	}
	for _, to := range receivers {
		data := map[string]string{"connector": n.Name, "state": state, "text": mailed(text)}
		if err := c.Mail(ctx, identity.MessageSyncReport, to, "sync report "+about+" "+to, data); err != nil {
			return err
		}
	}
	return nil
}

// mailed keeps a text within the bounds of a mail. Its last line, which says where the rest is, stays.
func mailed(text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if last := len(lines) - 1; len(lines) > maxMailedLines {
		lines = append(lines[:maxMailedLines-2:maxMailedLines-2], "…", lines[last])
	}
	for i, line := range lines {
		if letters := []rune(line); len(letters) > maxMailedRunes {
			lines[i] = string(letters[:maxMailedRunes]) + "…"
		}
	}
	return strings.Join(lines, "\n") + "\n"
}
