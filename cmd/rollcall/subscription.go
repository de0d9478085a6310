package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"rollcall/identity"
)

type subscriptionCmd struct {
	List subscriptionListCmd `cmd:"" help:"List an organization's subscriptions with their seats."`
	Set  subscriptionSetCmd  `cmd:"" help:"Add a subscription, or change one; the operator's alone."`
}

type subscriptionSetCmd struct {
	storeFlag
	orgFlag
	Subscription string   `arg:"" placeholder:"ID|NAME" help:"The subscription: the id or name of one that there is, or the name of a new one."`
	Type         string   `placeholder:"TYPE" help:"paid, partner_trial, online_trial or free; paid for a new one."`
	Status       string   `placeholder:"STATUS" help:"active, suspended, expired or cancelled; active for a new one."`
	Licence      []string `placeholder:"NAME=SEATS" help:"A licence and how many seats there are of it, or unlimited; repeatable. What is not named stays."`
	Without      []string `name:"without" placeholder:"NAME" help:"A licence that the subscription shall not have any more; repeatable."`
	Rename       string   `placeholder:"NAME" help:"Another name."`
}

// Help says what ends and what does not.
func (subscriptionSetCmd) Help() string {
	return "What an organization has bought is the operator's word, so this works on the database only. Neither an end nor a suspension takes anybody's licence " +
		"away; nobody gets a seat any more. A licence that somebody has cannot be left out."
}

// Run adds or changes the subscription.
func (c *subscriptionSetCmd) Run(a *app) error {
	pools, err := c.pools()
	if err != nil {
		return err
	}
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		n, err := s.subscription(o.ID, c.Subscription)
		if err != nil {
			return err
		}
		n.Name = or(c.Rename, n.Name)
		n.Type = identity.SubscriptionType(or(c.Type, string(n.Type)))
		n.Status = identity.SubscriptionStatus(or(c.Status, string(n.Status)))
		n.Pools = c.apply(n.Pools, pools)
		if n, err = s.service.PutSubscription(s.ctx, s.by, n); err != nil {
			return err
		}
		return s.show(n, func(w io.Writer) error {
			return properties(w, "id", string(n.ID), "name", n.Name, "type", string(n.Type), "status", string(n.Status), "seats", seatsText(n.Pools),
				"since", instant(n.StartedAt), "changed", instant(n.UpdatedAt))
		})
	})
}

// pools reads the licences with their seats.
func (c *subscriptionSetCmd) pools() ([]identity.Pool, error) {
	var pools []identity.Pool
	for _, text := range c.Licence {
		name, seats, found := strings.Cut(text, "=")
		p := identity.Pool{Licence: identity.Licence(name), Seats: identity.Unlimited}
		if !found || name == "" {
			return nil, fmt.Errorf("--licence %q has no seats; write NAME=SEATS, such as calling=25, or NAME=unlimited", text)
		}
		if seats != "unlimited" {
			n, err := strconv.Atoi(seats)
			if err != nil || n < 1 {
				return nil, fmt.Errorf("--licence %q: the seats are a number from 1, or unlimited", text)
			}
			p.Seats = n
		}
		pools = append(pools, p)
	}
	return pools, nil
}

// apply returns the pools with those that were named changed, added or left out.
func (c *subscriptionSetCmd) apply(had, named []identity.Pool) []identity.Pool {
	pools := slices.DeleteFunc(slices.Clone(had), func(p identity.Pool) bool {
		same := func(n identity.Pool) bool { return n.Licence == p.Licence }
		return slices.Contains(c.Without, string(p.Licence)) || slices.ContainsFunc(named, same)
	})
	return append(pools, named...)
}

// subscription finds a subscription by its id or name. One that there is not begins as paid and active.
func (s *session) subscription(org identity.OrgID, text string) (identity.Subscription, error) {
	all, err := s.read.Subscriptions(s.ctx, org)
	if err != nil {
		return identity.Subscription{}, err
	}
	var named []identity.Subscription
	for _, n := range all {
		if string(n.ID) == text {
			return n, nil
		}
		if n.Name == text {
			named = append(named, n)
		}
	}
	switch {
	case len(named) == 1:
		return named[0], nil
	case len(named) > 1:
		return identity.Subscription{}, fmt.Errorf("%d subscriptions are called %q; use the id of one of them: %s, %s", len(named), text, named[0].ID, named[1].ID)
	case isID(text):
		return identity.Subscription{}, identity.Refuse(identity.NotFound, identity.RuleUnknownSub, "no subscription of this organization has the id %s", text)
	case text == "":
		return identity.Subscription{}, errors.New("a subscription needs a name")
	}
	return identity.Subscription{Org: org, Name: text, Type: identity.Paid, Status: identity.SubscriptionActive}, nil
}

func seatsText(pools []identity.Pool) string {
	texts := make([]string, len(pools))
	for i, p := range pools {
		texts[i] = poolText(string(p.Licence), p.Seats, p.Used)
	}
	return strings.Join(texts, ", ")
}

func poolText(licence string, seats, used int) string {
	if seats == identity.Unlimited {
		return fmt.Sprintf("%s: %d used, unlimited", licence, used)
	}
	return fmt.Sprintf("%s: %d of %d used", licence, used, seats)
}
