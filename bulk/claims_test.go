package bulk_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/bulk"
	"rollcall/identity"
	"rollcall/internal/system"
)

func TestCLM05_AFileOfClaimsIsAcknowledged(t *testing.T) {
	w := newWorld(t)
	_, err := w.StartClaims(w.ctx, admin, w.org, strings.NewReader(lines(only, "ada@corp.example")), bulk.ClaimOptions{})
	refusedWith(t, err, identity.RuleAcknowledgement)
	_, err = w.StartClaims(w.ctx, admin, "nowhere", strings.NewReader(lines(only, "ada@corp.example")), bulk.ClaimOptions{})
	refusedWith(t, err, identity.RuleUnknownOrg)
	list, err := w.service.Reader().Jobs(w.ctx, w.org, "", "", 10)
	require.NoError(t, err)
	require.Empty(t, list)
}

func TestCLM33_FilesAreRefusedAsAWhole(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct{ text, says string }{
		"nothing in it":                     {"", "the file is empty"},
		"no users":                          {lines(only), "no users"},
		"a column of the other kind":        {lines(only+",First Name", "ada@corp.example,Ada"), `"First Name", is not known`},
		"a licence that nobody can have":    {lines(only+",calling", "ada@corp.example,TRUE"), `"calling", is not known`},
		"columns that do not fit":           {lines(only+",Claim Mode", "ada@corp.example"), "line 2"},
		"no column that says who is meant":  {lines("Claim Mode", "DEFERRED"), "is missing"},
		"a column twice, differing in case": {lines(only+",Claim Mode,CLAIM MODE", "a@b.example,,"), "is there twice"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.StartClaims(w.ctx, admin, w.org, strings.NewReader(c.text), acknowledged)
			refusedWith(t, err, identity.RuleInvalidValue)
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestCLM33_ABadRowStopsNoOther(t *testing.T) {
	w := newWorld(t)
	w.verify(w.org, corp)
	w.verify(w.org, "shared.example")
	w.seats(2, "calling")
	shared, sso, directory, synced := w.organization(), w.organization(), w.organization(), w.organization()
	w.verify(shared, "shared.example")
	w.personal("ada@"+corp, "bob@"+corp, "cy@"+corp, "dora@"+corp, "who@elsewhere.example", "both@shared.example", "last@"+corp)
	w.people(sso, "sso@"+corp)
	w.people(directory, "dir@"+corp)
	w.people(synced, "three@shared.example")
	for org, edit := range map[identity.OrgID]func(*identity.Organization){
		sso:       func(o *identity.Organization) { o.SSOProvider = "https://idp.example" },
		directory: func(o *identity.Organization) { o.SyncMode = identity.SyncManual },
		synced:    func(o *identity.Organization) { o.SSOProvider, o.SyncMode = "https://idp.example", identity.SyncManual },
	} {
		_, err := w.service.ChangeOrganization(w.ctx, operator, org, func(o identity.Organization) identity.Organization {
			edit(&o)
			return o
		})
		require.NoError(t, err)
	}
	header := only + ",Display Name,Claim Mode,calling"
	j, outcomes := w.claimFile(lines(header,
		"ada@corp.example,,,TRUE", "nobody@corp.example,,,", "who@elsewhere.example,,,", "nonsense,,,", "sso@corp.example,,,",
		"dir@corp.example,,,TRUE", "both@shared.example,,,", "three@shared.example,,,", ",no address,,", "ADA@corp.example,,,",
		"ada@corp.example.convert-user.local,,,", "x@convert-user.local,,,", "bob@corp.example,,,TRUE", "cy@corp.example,,,TRUE",
		"dora@corp.example,,,yes", "last@corp.example,,,"), acknowledged)
	require.Equal(t, []string{
		bulk.Claimed, "CLAIM_NO_ACCOUNT", "CLAIM_DOMAIN_NOT_VERIFIED", "INVALID_EMAIL", "CLAIM_SOURCE_SSO",
		"CLAIM_SOURCE_DIRSYNC", "CLAIM_DOMAIN_VERIFIED_ELSEWHERE", "CLAIM_SOURCE_SSO", "INVALID_EMAIL", "INVALID_VALUE",
		"RESERVED_DOMAIN", "RESERVED_DOMAIN", bulk.Claimed, "NO_LICENSES",
		"INVALID_VALUE", bulk.Claimed}, outcomes)
	require.Equal(t, [4]int{16, 16, 3, 13}, [4]int{j.Total, j.Processed, j.Succeeded, j.Failed})
	require.Len(t, w.claimsMade(), 3)
	require.Equal(t, 3, w.count())

	results := w.results(j)
	require.Equal(t, []string{"1", "ada@corp.example", bulk.Claimed}, results[1][:3])
	require.Equal(t, string(w.user("ada@corp.example").ID), results[1][5])
	require.Contains(t, results[8][4], "CLAIM_SOURCE_DIRSYNC", "every reason that holds")
	require.Contains(t, results[8][4], "CLAIM_DOMAIN_VERIFIED_ELSEWHERE")
	for _, row := range results {
		for _, org := range []identity.OrgID{shared, sso, directory, synced, identity.ConsumerOrgID} {
			require.NotContains(t, strings.Join(row, ","), string(org), "whose people they are is nobody's business")
		}
	}
	for _, address := range []string{"bob@" + corp, "ada@" + corp} {
		require.Equal(t, []identity.Licence{"calling"}, w.licences(w.user(address)), address)
	}
	h, err := w.service.Reader().Hold(w.ctx, "cy@"+corp)
	require.NoError(t, err)
	require.Equal(t, identity.ConsumerOrgID, h.Org, "without a seat nothing of the row is done")
	old, err := w.service.Reader().Account(w.ctx, h.Org, h.Account)
	require.NoError(t, err)
	require.False(t, old.Shadow)
}

func TestCLM41_AShadowIsNotClaimedByItsOwnName(t *testing.T) {
	w := newWorld(t)
	w.verify(w.org, corp)
	w.personal("ada@" + corp)
	_, outcomes := w.claimFile(lines(only, "ada@corp.example"), acknowledged)
	require.Equal(t, []string{bulk.Claimed}, outcomes)
	home := w.org
	w.org = identity.ConsumerOrgID
	shadow := w.user("ada@corp.example.convert-user.local")
	require.True(t, shadow.Shadow)
	w.org = home
	_, outcomes = w.claimFile(lines(only, shadow.UserName), acknowledged)
	require.Equal(t, []string{"RESERVED_DOMAIN"}, outcomes)
}

func TestCLM02_RowsWhileADirectoryIsSynchronized(t *testing.T) {
	w := newWorld(t)
	w.verify(w.org, corp)
	w.seats(5, "calling")
	w.personal("ada@" + corp)
	here := w.add(w.org, "here@"+corp, "")
	w.set(func(o *identity.Organization) { o.SyncMode = identity.SyncPaused })
	require.Len(t, parse(t, w.claimable()), 1)
	_, outcomes := w.claimFile(lines(only+",calling", "ada@corp.example,TRUE", "here@corp.example,TRUE"), acknowledged)
	require.Equal(t, []string{"CLAIM_TARGET_DIRSYNC_ENABLED", bulk.Changed}, outcomes)
	require.Equal(t, []identity.Licence{"calling"}, w.licences(here))
	require.Empty(t, w.claimsMade())
}

func TestCLM32_LicencesOfClaimedUsers(t *testing.T) {
	for name, c := range map[string]struct {
		cells string // of calling, meetings and messaging
		want  []identity.Licence
	}{
		"empty: the template":             {",,", []identity.Licence{"calling", "meetings"}},
		"TRUE instead of the template":    {",,TRUE", []identity.Licence{"messaging"}},
		"FALSE takes it out of it":        {",FALSE,", []identity.Licence{"calling"}},
		"FALSE for everything that it is": {"FALSE,false,", []identity.Licence{identity.FreeLicence}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.verify(w.org, corp)
			w.seats(5, "calling", "meetings", "messaging")
			_, err := w.service.PutTemplate(w.ctx, admin, w.org, "", []identity.Licence{"calling", "meetings"})
			require.NoError(t, err)
			w.personal("ada@"+corp, "bob@"+corp)
			_, outcomes := w.claimFile(lines(only+",Claim Mode,calling,meetings,messaging", "ada@corp.example,DEFERRED,"+c.cells, "bob@corp.example,IMMEDIATE,"+c.cells), acknowledged)
			require.Equal(t, []string{bulk.Claimed, bulk.Claimed}, outcomes)
			for _, address := range []string{"ada@" + corp, "bob@" + corp} {
				require.Equal(t, c.want, w.licences(w.user(address)), address)
			}
		})
	}
}

func TestCLM35_WhoIsHereAlreadyGetsLicences(t *testing.T) {
	both := []identity.Licence{"calling", "meetings"}
	for name, c := range map[string]struct {
		cells   string // of calling, meetings and messaging
		remove  bool
		outcome string
		want    []identity.Licence
	}{
		"add only: TRUE adds":                   {"TRUE,,TRUE", false, bulk.Changed, []identity.Licence{"calling", "meetings", "messaging"}},
		"add only: FALSE is ignored":            {"FALSE,FALSE,", false, bulk.Unchanged, both},
		"add and remove: FALSE removes":         {"FALSE,,", true, bulk.Changed, []identity.Licence{"meetings"}},
		"add and remove: empty leaves it alone": {",,", true, bulk.Unchanged, both},
		"add and remove: both at once":          {"FALSE,FALSE,TRUE", true, bulk.Changed, []identity.Licence{"messaging"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.verify(w.org, corp)
			w.seats(5, "calling", "meetings", "messaging")
			w.personal("ada@" + corp)
			here := w.add(w.org, "here@elsewhere.example", "")
			header := only + ",Claim Mode,calling,meetings,messaging"
			_, outcomes := w.claimFile(lines(header, "ada@corp.example,IMMEDIATE,TRUE,TRUE,", "here@elsewhere.example,,TRUE,TRUE,"), acknowledged)
			require.Equal(t, []string{bulk.Claimed, bulk.Changed}, outcomes)

			o := acknowledged
			o.RemoveServices = c.remove
			j, outcomes := w.claimFile(lines(header, "ada@corp.example,DEFERRED,"+c.cells, "here@elsewhere.example,,"+c.cells), o)
			require.Equal(t, []string{c.outcome, c.outcome}, outcomes)
			require.Len(t, w.claimsMade(), 1, "nobody is claimed twice")
			require.Equal(t, string(here.ID), w.results(j)[2][5])
			for _, a := range []identity.Account{w.user("ada@" + corp), here} {
				require.Equal(t, c.want, w.licences(a), a.UserName)
			}
		})
	}
}

func TestCLM35_LicencesOfSomebodyWhoHasNotDecidedStay(t *testing.T) {
	w := newWorld(t)
	w.verify(w.org, corp)
	w.seats(5, "calling", "meetings")
	w.personal("ada@" + corp)
	header := only + ",Claim Mode,calling,meetings"
	_, outcomes := w.claimFile(lines(header, "ada@corp.example,DEFERRED,TRUE,"), acknowledged)
	require.Equal(t, []string{bulk.Claimed}, outcomes)
	_, outcomes = w.claimFile(lines(header, "ada@corp.example,DEFERRED,TRUE,"), acknowledged)
	require.Equal(t, []string{bulk.Unchanged}, outcomes)
	_, outcomes = w.claimFile(lines(header, "ada@corp.example,DEFERRED,,TRUE"), acknowledged)
	require.Equal(t, []string{"INVALID_STATUS_TRANSITION"}, outcomes)
	require.Equal(t, []identity.Licence{"calling"}, w.licences(w.user("ada@"+corp)))
}

func TestCLM33_ADryRunOfClaimsAnswersAsTheImportAndChangesNothing(t *testing.T) {
	w := newWorld(t)
	w.verify(w.org, corp)
	s := w.seats(120, "calling")
	people := somebody(250)
	w.personal(people...)
	rows := []string{only + ",Claim Mode,calling"}
	for i, address := range append(people, "nobody@"+corp) {
		rows = append(rows, address+","+[]string{"", "IMMEDIATE", "DEFERRED"}[i%3]+","+[]string{"TRUE", ""}[i%2])
	}
	before := w.claimable()
	j, err := w.StartClaims(w.ctx, admin, w.org, strings.NewReader(lines(rows...)), bulk.ClaimOptions{DryRun: true})
	require.NoError(t, err, "nothing to acknowledge")
	for w.job(j.ID).State != identity.JobDone {
		_, err := w.Work(w.ctx, 1) // another worker's turn each time
		require.NoError(t, err)
	}
	answers, dry := w.outcomes(j), w.results(j)
	require.Empty(t, w.claimsMade())
	require.Zero(t, w.count())
	require.Equal(t, before, w.claimable())
	require.Empty(t, dry[1][5], "nobody was claimed, so there is no identifier")
	list, err := w.service.Reader().Subscriptions(w.ctx, w.org)
	require.NoError(t, err)
	require.Equal(t, s.Pools, list[0].Pools)

	real, outcomes := w.claimFile(lines(rows...), acknowledged)
	require.Equal(t, outcomes, answers)
	require.Contains(t, outcomes, "NO_LICENSES")
	require.Equal(t, "CLAIM_NO_ACCOUNT", outcomes[250])
	results := w.results(real)
	for i, outcome := range outcomes {
		if outcome == bulk.Claimed {
			require.Equal(t, results[i+1][:5], dry[i+1][:5], "how, too")
		}
	}
}

// What is refused when a part of a claim is done already leaves nothing of it behind, and its neighbours alone: here because the
// operator has changed what an address may be since the account was made.
func TestCLM33_ARowThatIsRefusedHalfwayLeavesNothingBehind(t *testing.T) {
	w := newWorld(t)
	w.verify(w.org, corp)
	liberal := identity.NewService(w.store, w.clock, system.IDs{}, identity.EmailPolicy{NonASCIILocalParts: true})
	source := w.organization()
	free := identity.Subscription{ID: identity.SubscriptionID(system.IDs{}.New()), Org: source, Name: "Free", Type: identity.Free, Status: identity.SubscriptionActive,
		StartedAt: w.clock.Now(), UpdatedAt: w.clock.Now(), Version: 1, Pools: []identity.Pool{{Licence: "chat", Seats: 5}}}
	var ada identity.Account
	require.NoError(t, liberal.Transact(w.ctx, source, provider, func(c *identity.Acts) error {
		d := draft("ada@"+corp, "")
		d.Emails = append(d.Emails, identity.AccountEmail{Value: "ådä@elsewhere.example"})
		var err error
		if ada, err = c.Create(w.ctx, d, identity.Origin{Source: identity.SourceSCIM}); err != nil {
			return err
		}
		if err := c.Tx().InsertSubscription(w.ctx, free); err != nil {
			return err
		}
		return c.AddLicences(w.ctx, ada, []identity.Licence{"chat"})
	}))
	w.people(source, "bob@"+corp, "cy@"+corp)
	before, err := w.service.Reader().Chain(w.ctx, source, 0, 1000)
	require.NoError(t, err)

	_, outcomes := w.claimFile(lines(only, "bob@corp.example", "ada@corp.example", "cy@corp.example"), acknowledged)
	require.Equal(t, []string{bulk.Claimed, "INVALID_EMAIL", bulk.Claimed}, outcomes)
	require.Equal(t, []identity.Licence{"chat"}, w.licences(ada))
	after, err := w.service.Reader().Chain(w.ctx, source, 0, 1000)
	require.NoError(t, err)
	require.Len(t, after, len(before)+2, "bob and cy were claimed, and nothing else happened")
}
