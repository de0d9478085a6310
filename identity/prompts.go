package identity

import "context"

// PromptKind names what somebody is asked at sign-in.
type PromptKind string

// PromptDeleteOrg offers the full administrators of an organization that has only free subscriptions to delete it (ORG-22).
const PromptDeleteOrg PromptKind = "ORG_DELETE_REMINDER"

// PromptAction is what can be done about a prompt.
type PromptAction string

// The actions.
const (
	ActionDeleteOrg   PromptAction = "delete_organization"
	ActionRemindLater PromptAction = "remind_later"
)

// Prompt is something that a person is asked. There is one of a kind at most.
type Prompt struct {
	Kind    PromptKind
	Org     Organization // that it is about
	Actions []PromptAction
}

// Prompts lists what a person is to be asked now. What they put off comes again with the next sign-in.
func (s *Service) Prompts(ctx context.Context, p Caller) ([]Prompt, error) {
	org, asked, err := s.deletionOffered(ctx, p)
	if err != nil || !asked {
		return nil, err
	}
	later, err := s.store.ReminderLater(ctx, org.ID, p.Account.ID, string(PromptDeleteOrg))
	switch {
	case IsNotFound(err):
	case err != nil:
		return nil, err
	case !p.Account.LastSignInAt.After(later):
		return nil, nil
	}
	return []Prompt{{Kind: PromptDeleteOrg, Org: org, Actions: []PromptAction{ActionDeleteOrg, ActionRemindLater}}}, nil
}

// RemindLater puts a prompt off until the next sign-in.
func (s *Service) RemindLater(ctx context.Context, p Caller, req Request, kind PromptKind) error {
	org, asked, err := s.deletionOffered(ctx, p)
	if err != nil {
		return err
	}
	if !asked || kind != PromptDeleteOrg {
		return Refuse(NotFound, RuleUnknownPrompt, "you are not asked %s", quoteShort(string(kind)))
	}
	return s.Transact(ctx, org.ID, p.Actor(Access{}, req), func(c *Acts) error {
		return c.tx.PutReminder(ctx, org.ID, p.Account.ID, string(kind), c.now)
	})
}

// deletionOffered returns the organization that a person could delete because it has nothing but free subscriptions, if there is one: it
// is their own, and they are one of its full administrators.
func (s *Service) deletionOffered(ctx context.Context, p Caller) (Organization, bool, error) {
	if p.Account == nil {
		return Organization{}, false, nil
	}
	access, err := s.AccessTo(ctx, p, p.Home)
	if IsNotFound(err) || err == nil && (access.Role != RoleFull || access.Standing != StandingOwn) {
		return Organization{}, false, nil
	}
	if err != nil {
		return Organization{}, false, err
	}
	o, err := s.store.Organization(ctx, p.Home)
	if err != nil {
		return Organization{}, false, err
	}
	subscriptions, err := s.store.Subscriptions(ctx, o.ID)
	return o, o.State == OrgActive && o.deletable() == nil && onlyFree(subscriptions), err
}
