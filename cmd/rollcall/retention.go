package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"rollcall/identity"
)

type retentionCmd struct {
	Show   retentionShowCmd   `cmd:"" help:"Say whether deletions go on, and who is deleted within a day."`
	Resume retentionResumeCmd `cmd:"" help:"Let deletions go on by what this machine's clock shows now."`
}

// dueAtMost is how many users "retention show" counts.
const dueAtMost = 10_000

// retentionView is what "retention show" tells.
type retentionView struct {
	Deletions string    `json:"deletions"` // "go on", "wait" or "paused"
	Since     time.Time `json:"since,omitzero"`
	Why       string    `json:"why,omitempty"`
	ClockSeen time.Time `json:"clockSeen,omitzero"` // the last mark; while paused, where the clock should be
	Until     time.Time `json:"until"`              // those are counted who are deleted by then
	Due       []dueView `json:"due"`
	More      bool      `json:"more"` // there are more than could be counted
}

// dueView is how many users of an organization are deleted soon.
type dueView struct {
	Org   identity.OrgID `json:"organization"`
	Name  string         `json:"name"`
	Users int            `json:"users"`
	First time.Time      `json:"first"`
}

type retentionShowCmd struct{ storeFlag }

// Run shows what retention is about to do.
func (c *retentionShowCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		watch, err := s.read.ClockWatch(s.ctx)
		if err != nil {
			return err
		}
		v := viewOfWatch(watch)
		v.Until = s.service.Now().Add(identity.Day)
		if v.Due, v.More, err = s.dueBy(v.Until); err != nil {
			return err
		}
		return s.show(v, v.text)
	})
}

func viewOfWatch(w identity.ClockWatch) retentionView {
	v := retentionView{Deletions: "go on", ClockSeen: w.At}
	switch {
	case w.Paused():
		v.Deletions, v.Since, v.Why = "paused", w.PausedAt, w.Why
	case w.Waiting():
		v.Deletions, v.Since, v.Why = "wait", w.Steady, "for a time nobody saw the clock; it has to run evenly for an hour first"
	}
	return v
}

func (v retentionView) text(w io.Writer) error {
	more := ""
	if v.More {
		more = fmt.Sprintf("more than %d users; not all are counted", dueAtMost)
	}
	if err := properties(w, "deletions", v.Deletions, "since", instant(v.Since), "because", v.Why, "clock last seen", instant(v.ClockSeen),
		"to be deleted by", instant(v.Until), "incomplete", more); err != nil {
		return err
	}
	rows := make([][]string, len(v.Due))
	for i, d := range v.Due {
		rows[i] = []string{d.Name, string(d.Org), strconv.Itoa(d.Users), instant(d.First)}
	}
	return table(w, []string{"ORGANIZATION", "ID", "USERS", "FIRST"}, rows)
}

// dueBy counts who is deleted by an instant, by organization, the one with the first date first.
func (s *session) dueBy(until time.Time) (due []dueView, more bool, err error) {
	accounts, err := s.read.AccountsDue(s.ctx, until, dueAtMost+1)
	if err != nil {
		return nil, false, err
	}
	if more = len(accounts) > dueAtMost; more {
		accounts = accounts[:dueAtMost]
	}
	due = []dueView{}
	place := map[identity.OrgID]int{}
	orgs := map[identity.OrgID]identity.Organization{}
	for _, a := range accounts {
		i, known := place[a.Org]
		if !known {
			o, err := s.read.Organization(s.ctx, a.Org)
			if err != nil {
				return nil, false, err
			}
			i = len(due)
			place[a.Org], orgs[a.Org] = i, o
			due = append(due, dueView{Org: o.ID, Name: o.Name})
		}
		at, _ := a.PurgeAt(orgs[a.Org])
		if due[i].Users++; due[i].Users == 1 || at.Before(due[i].First) {
			due[i].First = at
		}
	}
	slices.SortFunc(due, func(a, b dueView) int { return a.First.Compare(b.First) })
	return due, more, nil
}

type retentionResumeCmd struct{ storeFlag }

// Run ends a pause, or a wait, of deletions.
func (c *retentionResumeCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		before, err := s.service.ResumeDeletions(s.ctx)
		if err != nil {
			return err
		}
		after, err := s.read.ClockWatch(s.ctx)
		if err != nil {
			return err
		}
		if before.MayDelete() {
			s.say("Deletions went on already.")
		} else {
			s.say("Deletions go on by this clock: %s.", instant(after.At))
		}
		return nil
	})
}
