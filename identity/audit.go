package identity

import (
	"context"
	"slices"
	"time"
)

// Category sorts events for whoever looks through them (AUD-03).
type Category string

// The categories.
const (
	CategoryUsers     Category = "USERS"
	CategoryLogins    Category = "LOGINS"
	CategorySettings  Category = "ORG_SETTINGS"
	CategoryCustomers Category = "CUSTOMERS" // what partners have to do with
	CategoryGroups    Category = "GROUPS"
	CategoryLicences  Category = "LICENSES"
	CategoryDirectory Category = "DIRECTORY"
	CategoryItems     Category = "ITEMS" // things of types that the operator registered
	CategoryRefusals  Category = "REFUSALS"
)

// Categories lists the categories.
var Categories = []Category{CategoryUsers, CategoryLogins, CategorySettings, CategoryCustomers, CategoryGroups, CategoryLicences,
	CategoryDirectory, CategoryItems, CategoryRefusals}

// kinds says of every kind of event where it belongs and what it tells.
var kinds = map[EventKind]struct {
	category    Category
	description string
}{
	AccountCreated:     {CategoryUsers, "A user was created"},
	AccountChanged:     {CategoryUsers, "A user's attributes were changed"},
	AccountVerified:    {CategoryUsers, "A user's e-mail address was verified"},
	AccountActivated:   {CategoryLogins, "A user signed in for the first time and is active"},
	AccountDeactivated: {CategoryUsers, "A user was deactivated"},
	AccountReactivated: {CategoryUsers, "A user was reactivated"},
	AccountDeleted:     {CategoryUsers, "A user was deleted"},
	AccountLinked:      {CategoryUsers, "A user was linked to a directory entry"},
	PhotoChanged:       {CategoryUsers, "A user's photo was changed"},
	AccountInvited:     {CategoryUsers, "An invitation was sent to a user"},
	AccountBound:       {CategoryLogins, "A person was tied to a user's account"},
	AccountUnbound:     {CategoryLogins, "A person was untied from a user's account"},
	SignedIn:           {CategoryLogins, "A user signed in"},
	EmailChangeAsked:   {CategoryUsers, "Another e-mail address was asked for"},
	EmailChangeDone:    {CategoryUsers, "Another e-mail address was confirmed"},
	EmailChangeOver:    {CategoryUsers, "A change of the e-mail address was taken back"},
	LicencesChanged:    {CategoryLicences, "A user's licences were changed"},
	SubscriptionPut:    {CategoryLicences, "A subscription was changed"},
	TemplatePut:        {CategoryLicences, "A licence template was changed"},
	TemplateDeleted:    {CategoryLicences, "A licence template was deleted"},
	GroupCreated:       {CategoryGroups, "A group was created"},
	GroupChanged:       {CategoryGroups, "A group was changed"},
	GroupDeleted:       {CategoryGroups, "A group was deleted"},
	OrgCreated:         {CategorySettings, "The organization was created"},
	OrgChanged:         {CategorySettings, "The organization's settings were changed"},
	TokenCreated:       {CategorySettings, "A bearer token was created"},
	TokenRevoked:       {CategorySettings, "A bearer token was revoked"},
	GrantCreated:       {CategorySettings, "An administrator's role was granted"},
	GrantRevoked:       {CategorySettings, "An administrator's role was taken away"},
	ProviderPut:        {CategorySettings, "An identity provider was changed"},
	ProviderDeleted:    {CategorySettings, "An identity provider was removed"},
	DomainAttested:     {CategorySettings, "A domain was verified"},
	DomainChallenged:   {CategorySettings, "A token to prove a domain was fetched"},
	DomainChanged:      {CategorySettings, "A domain was claimed or released"},
	DomainRemoved:      {CategorySettings, "A domain was removed"},
	PartnerPut:         {CategoryCustomers, "A partner's access was changed"},
	PartnerDeleted:     {CategoryCustomers, "A partner's access was taken away"},
	ConnectorCreated:   {CategoryDirectory, "A connector was created"},
	ConnectorChanged:   {CategoryDirectory, "A connector's settings were changed"},
	ConnectorRemoved:   {CategoryDirectory, "A connector was removed"},
	ScheduleChanged:    {CategoryDirectory, "A connector's schedule was changed"},
	SyncQuarantined:    {CategoryDirectory, "A connector stopped synchronizing by itself"},
	SyncResumed:        {CategoryDirectory, "A connector synchronizes by itself again"},
	EventPlanApproved:  {CategoryDirectory, "A held synchronization plan was approved"},
	JobStarted:         {CategoryUsers, "A job began"},
	JobFinished:        {CategoryUsers, "A job ended"},
	MessageGivenUp:     {CategoryUsers, "A mail or a work order could not be delivered"},
	MessageRetried:     {CategoryUsers, "A mail or a work order is tried again"},
	UserClaimed:        {CategoryUsers, "A user of another organization was claimed"},
	UserClaimedAway:    {CategoryUsers, "Another organization claimed a user"},
	ClaimSettled:       {CategoryUsers, "A claim was settled"},
	ClaimTakenAway:     {CategoryUsers, "A claim was revoked"},
	OrgDeletionAsked:   {CategorySettings, "The deletion of the organization was requested"},
	OrgUsersGone:       {CategorySettings, "The users of the organization were converted or deleted"},
	OrgDeletionDone:    {CategorySettings, "The organization was deleted"},
	CustomerDeleted:    {CategoryCustomers, "A managed organization is being deleted"},
	AccountConverted:   {CategoryUsers, "A user was converted to a personal account"},
	SitePut:            {CategorySettings, "The link to a meeting site was changed"},
	SiteDeleted:        {CategorySettings, "The link to a meeting site was removed"},
	ItemCreated:        {CategoryItems, "A resource of a registered type was created"},
	ItemChanged:        {CategoryItems, "A resource of a registered type was changed"},
	ItemDeleted:        {CategoryItems, "A resource of a registered type was deleted"},
	EventRefused:       {CategoryRefusals, "An act was refused"},
}

// Category returns where a kind of event belongs.
func (k EventKind) Category() Category { return kinds[k].category }

// Description says in one sentence what a kind of event tells.
func (k EventKind) Description() string { return kinds[k].description }

// The bounds of a look into the audit (AUD-02).
const (
	MaxAuditPage  = 200
	MaxAuditRange = 366 * Day
)

// AuditQuery selects what an administrator looks at. A range without an end ends now; one without a beginning begins as far
// back as is allowed.
type AuditQuery struct {
	From, Until time.Time
	Actor       string // an actor's id
	Categories  []Category
	Target      string // the id of what it happened to
	Skip        int
	After       EventID
	Limit       int // 1 to MaxAuditPage
}

// Audit lists an organization's events, the newest first (AUD-01, AUD-02).
func (s *Service) Audit(ctx context.Context, org OrgID, q AuditQuery) ([]Event, error) {
	if q.Until.IsZero() {
		q.Until = s.clock.Now().Add(time.Microsecond) // what happened at this very instant too
	}
	if q.From.IsZero() {
		q.From = q.Until.Add(-MaxAuditRange)
	}
	switch {
	case q.Limit < 1 || q.Limit > MaxAuditPage:
		return nil, Refuse(Invalid, RuleInvalidValue, "the limit is %d; it must be 1 to %d", q.Limit, MaxAuditPage).At("limit")
	case q.Until.Before(q.From):
		return nil, Refuse(Invalid, RuleInvalidValue, "the range ends before it begins").At("to")
	case q.Until.Sub(q.From) > MaxAuditRange:
		return nil, Refuse(Invalid, RuleInvalidValue, "the range is longer than a year; ask for one year at a time").At("from")
	case q.Skip < 0:
		return nil, Refuse(Invalid, RuleInvalidValue, "the offset is %d; it must not be negative", q.Skip).At("offset")
	}
	events := EventQuery{From: q.From, Until: q.Until, Actor: q.Actor, Target: q.Target, Newest: true, After: q.After, Skip: q.Skip, Limit: q.Limit}
	for _, c := range q.Categories {
		if !slices.Contains(Categories, c) {
			return nil, Refuse(Invalid, RuleInvalidValue, "the category %q is not known; use some of %v", quoteShort(string(c)), Categories).At("category")
		}
	}
	if len(q.Categories) > 0 {
		for kind, of := range kinds {
			if slices.Contains(q.Categories, of.category) {
				events.Kinds = append(events.Kinds, kind)
			}
		}
		slices.Sort(events.Kinds)
	}
	return s.store.Events(ctx, org, events)
}
