package storetest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// work is the part of a property that administrators and the server work with.
type work struct {
	subscription identity.Subscription
	assignment   identity.Assignment
	group        identity.Group
	template     identity.Template
	message      identity.Message
	job          identity.Job
	row          identity.JobRow
	chunk        string
	item         identity.Item
}

// walkWork continues walk.
var walkWork = map[string]func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error){
	"Subscription": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Subscription(ctx, org, p.work.subscription.ID)
	},
	"Subscriptions": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Subscriptions(ctx, org)
	},
	"Assignments": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Assignments(ctx, org, p.account.ID)
	},
	"AssignmentsAmong": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.AssignmentsAmong(ctx, org, []identity.AccountID{p.account.ID})
	},
	"Templates": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Templates(ctx, org)
	},
	"Group": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Group(ctx, org, p.work.group.ID)
	},
	"Groups": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Groups(ctx, org, identity.GroupQuery{Limit: 10})
	},
	"CountGroups": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.CountGroups(ctx, org, identity.GroupQuery{ID: p.work.group.ID})
	},
	"MembersOf": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.MembersOf(ctx, org, []identity.GroupID{p.work.group.ID})
	},
	"MembershipsOf": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.MembershipsOf(ctx, org, []identity.AccountID{p.account.ID})
	},
	"Members": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Members(ctx, org, p.work.group.ID, "", 10)
	},
	"CountMembers": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.CountMembers(ctx, org, p.work.group.ID)
	},
	"GroupsOf": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.GroupsOf(ctx, org, p.account.ID)
	},
	"LinkedGroups": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.LinkedGroups(ctx, org, p.connector.ID, []identity.ObjectID{p.work.group.Directory.Object})
	},
	"LinkedMembers": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.LinkedMembers(ctx, org, p.work.group.ID)
	},
	"LinkedPeople": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.LinkedPeople(ctx, org, p.connector.ID, []identity.ObjectID{p.account.Directory.Object})
	},
	"CountMemberships": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.CountMemberships(ctx, org, p.connector.ID)
	},
	"Message": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Message(ctx, org, p.work.message.ID)
	},
	"Messages": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Messages(ctx, org, identity.MessageQuery{Limit: 10})
	},
	"Job": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Job(ctx, org, p.work.job.ID)
	},
	"Jobs": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Jobs(ctx, org, "", "", 10)
	},
	"JobRows": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.JobRows(ctx, org, p.work.job.ID, 0, 10)
	},
	"JobChunk": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.JobChunk(ctx, org, p.work.job.ID, 0)
	},
	"Item": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Item(ctx, org, p.work.item.Type, p.work.item.ID)
	},
	"Items": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Items(ctx, org, identity.ItemQuery{Type: p.work.item.Type, Key: serial("1"), Limit: 10})
	},
	"CountItems": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.CountItems(ctx, org, identity.ItemQuery{Type: p.work.item.Type})
	},
}

// trespassWork continues trespass.
var trespassWork = map[string]func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error{
	"UpdateSubscription": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		p.work.subscription.Org = org
		return tx.UpdateSubscription(ctx, p.work.subscription)
	},
	"ReturnSeat": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		p.work.assignment.Org = org
		return tx.ReturnSeat(ctx, p.work.assignment)
	},
	"PutTemplate": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		p.work.template.Org = org
		return tx.PutTemplate(ctx, p.work.template)
	},
	"DeleteTemplate": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		return tx.DeleteTemplate(ctx, org, p.work.template.Group)
	},
	"UpdateGroup": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		p.work.group.Org = org
		return tx.UpdateGroup(ctx, p.work.group)
	},
	"DeleteGroup": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		return tx.DeleteGroup(ctx, org, p.work.group.ID, p.work.group.Version)
	},
	"AddMembers": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		_, err := tx.AddMembers(ctx, org, p.work.group.ID, identity.Member{Account: p.account.ID})
		return err
	},
	"UpdateMessage": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		p.work.message.Org, p.work.message.State = org, identity.MessageSent
		return tx.UpdateMessage(ctx, p.work.message)
	},
	"DeleteMessage": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		return tx.DeleteMessage(ctx, org, p.work.message.ID)
	},
	"UpdateJob": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		p.work.job.Org = org
		return tx.UpdateJob(ctx, p.work.job)
	},
	"InsertJobRows": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		return tx.InsertJobRows(ctx, org, p.work.job.ID, []identity.JobRow{{Number: 2}})
	},
	"UpdateJobRow": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		return tx.UpdateJobRow(ctx, org, p.work.job.ID, identity.JobRow{Number: 1, Done: true})
	},
	"UpdateItem": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		p.work.item.Org = org
		return tx.UpdateItem(ctx, p.work.item, nil)
	},
	"DeleteItem": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		return tx.DeleteItem(ctx, org, p.work.item.Type, p.work.item.ID, p.work.item.Version)
	},
	"PutJobChunk": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		return tx.PutJobChunk(ctx, org, p.work.job.ID, 0, []byte("theirs"))
	},
}

// work stores one thing of each kind for an account.
func (w world) work(t testing.TB, a identity.Account) work {
	t.Helper()
	k := work{
		subscription: w.subscription(t, a.Org, start, identity.Pool{Licence: "calling", Seats: 2}),
		group:        w.group(t, a.Org, "Sales"), message: w.message(a.Org, "work/"+string(a.ID), start), job: w.job(a.Org, identity.JobImport),
		row: identity.JobRow{Number: 1, Outcome: "created"}, chunk: "ours",
	}
	k.item = w.insertItem(t, w.item(a.Org, printer), serial("1"))
	k.assignment = assignment(a, k.subscription, "calling")
	k.template = identity.Template{Org: a.Org, Group: k.group.ID, Licences: []identity.Licence{"calling"}, UpdatedAt: start}
	require.True(t, w.member(t, k.group, a.ID))
	if a.Directory != nil {
		k.group.Directory = &identity.DirectoryLink{Connector: a.Directory.Connector, Object: "group " + a.Directory.Object, DN: "cn=Sales"}
		w.must(t, func(tx identity.Tx) error { return tx.UpdateGroup(ctx, k.group) })
		k.group.Version++
	}
	within := w.group(t, k.group.Org, "Within")
	w.join(t, k.group, identity.Member{Group: within.ID})
	require.True(t, w.enqueue(t, k.message))
	w.insertJob(t, k.job)
	require.NoError(t, w.take(k.assignment))
	k.subscription.Pools[0].Used = 1
	for _, write := range []func(identity.Tx) error{
		func(tx identity.Tx) error { return tx.PutTemplate(ctx, k.template) },
		func(tx identity.Tx) error {
			return tx.InsertJobRows(ctx, a.Org, k.job.ID, []identity.JobRow{k.row})
		},
		func(tx identity.Tx) error { return tx.PutJobChunk(ctx, a.Org, k.job.ID, 0, []byte(k.chunk)) },
	} {
		w.must(t, write)
	}
	return k
}

// readWork reads the work for an account again.
func (w world) readWork(t testing.TB, a identity.Account, k work) work {
	t.Helper()
	var got work
	var err error
	got.subscription, err = w.store.Subscription(ctx, a.Org, k.subscription.ID)
	require.NoError(t, err)
	got.group, err = w.store.Group(ctx, a.Org, k.group.ID)
	require.NoError(t, err)
	got.message, err = w.store.Message(ctx, a.Org, k.message.ID)
	require.NoError(t, err)
	got.item, err = w.store.Item(ctx, a.Org, printer, k.item.ID)
	require.NoError(t, err)
	got.job, err = w.store.Job(ctx, a.Org, k.job.ID)
	require.NoError(t, err)
	assignments, err := w.store.Assignments(ctx, a.Org, a.ID)
	require.NoError(t, err)
	require.Len(t, assignments, 1)
	templates, err := w.store.Templates(ctx, a.Org)
	require.NoError(t, err)
	require.Len(t, templates, 1)
	rows, err := w.store.JobRows(ctx, a.Org, k.job.ID, 0, 10)
	require.NoError(t, err)
	require.Len(t, rows, 1)
	data, err := w.store.JobChunk(ctx, a.Org, k.job.ID, 0)
	require.NoError(t, err)
	got.assignment, got.template, got.row, got.chunk = assignments[0], templates[0], rows[0], string(data)
	return got
}
