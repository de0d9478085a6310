package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/identity"
	"rollcall/internal/demodirectory"
)

// The domains of the story.
const (
	pushedDomain   = "acme.example"
	corpDomain     = "corp.example"
	ssoDomain      = "sso.example"
	personalDomain = "home.example"
)

// The people of the first chapter come from one provider, pushed a few at a time.
const (
	pushedUsers  = 50
	pushedAtOnce = 8
)

// story is what the chapters hand on to each other.
type story struct {
	*stage
	*teller

	pushed, second, synced, sso identity.Organization
	pushedToken, secondToken    string
	connector                   identity.Connector
	people                      []demodirectory.ID

	disabled, deleted, renamed, moved follow
	adminToken                        string
}

// follow is somebody whom the story follows through the directory.
type follow struct {
	entry    demodirectory.ID
	account  identity.AccountID
	userName string
}

var demoOperator = identity.Actor{Kind: identity.Operator, Name: "demonstration"}

// prepare makes the organizations that the story is about.
func (s *story) prepare(ctx context.Context) error {
	for _, o := range []struct {
		name string
		into *identity.Organization
	}{{"Acme", &s.pushed}, {"Bergen", &s.second}, {"Corp", &s.synced}, {"Delta", &s.sso}} {
		var err error
		if *o.into, err = s.service.CreateOrganization(ctx, demoOperator, identity.Organization{Name: o.name, Kind: identity.Customer}); err != nil {
			return err
		}
	}
	var err error
	if _, s.pushedToken, err = s.service.CreateToken(ctx, demoOperator, s.pushed.ID, identity.NewToken{Name: "Acme's provider", Profile: "entra"}); err != nil {
		return err
	}
	_, s.secondToken, err = s.service.CreateToken(ctx, demoOperator, s.second.ID, identity.NewToken{Name: "Bergen's provider", Profile: "okta"})
	return err
}

func scimUsers(o identity.Organization) string { return "/scim/" + string(o.ID) + "/v2/Users" }

// push is an identity provider that provisions its people.
func (s *story) push(ctx context.Context) error {
	s.step("An identity provider pushes %d users into Acme over SCIM.", pushedUsers)
	var mu sync.Mutex
	statuses := map[int]int{}
	var failed error
	var workers sync.WaitGroup
	next := make(chan int)
	for range pushedAtOnce {
		workers.Go(func() {
			for i := range next {
				given, family := givenNames[i%len(givenNames)], familyNames[i/len(givenNames)]
				a, err := s.call(ctx, http.MethodPost, scimUsers(s.pushed), s.pushedToken, scimUser(given, family, address(given, family, pushedDomain)))
				mu.Lock()
				statuses[a.status]++
				if err != nil {
					failed = err
				}
				mu.Unlock()
			}
		})
	}
	for i := range pushedUsers {
		next <- i
	}
	close(next)
	workers.Wait()
	if failed != nil {
		return failed
	}
	s.note("POST %s, %d requests at a time", scimUsers(s.pushed), pushedAtOnce)
	s.expect("201 Created", pushedUsers, statuses[http.StatusCreated])
	list, err := s.call(ctx, http.MethodGet, scimUsers(s.pushed)+"?count=1", s.pushedToken, nil)
	if err != nil {
		return err
	}
	s.expect("users in Acme's list", pushedUsers, list.at("totalResults"))
	return nil
}

// refuseTwice is EML-01 and EML-13 over HTTP.
func (s *story) refuseTwice(ctx context.Context) error {
	mail := strings.ToUpper(address(givenNames[0], familyNames[0], pushedDomain))
	s.step("Bergen's provider pushes the same e-mail, spelt %s.", mail)
	a, err := s.call(ctx, http.MethodPost, scimUsers(s.second), s.secondToken, scimUser(givenNames[0], familyNames[0], mail))
	if err != nil {
		return err
	}
	s.quote(string(a.raw), 3)
	s.expect("status", http.StatusConflict, a.status)
	s.expect("scimType", "uniqueness", a.at("scimType"))
	hint := bytes.Contains(a.raw, []byte(s.pushed.Name+" ")) || bytes.Contains(a.raw, []byte(s.pushed.ID))
	s.expect("says whose it is", false, hint)
	list, err := s.call(ctx, http.MethodGet, scimUsers(s.second), s.secondToken, nil)
	if err != nil {
		return err
	}
	s.expect("users in Bergen's list", 0, list.at("totalResults"))
	return nil
}

// firstSync takes the people of a directory over.
func (s *story) firstSync(ctx context.Context) error {
	s.step("Corp synchronizes 200 users from its directory: first a plan, then exactly that.")
	for _, p := range directoryPeople() {
		s.people = append(s.people, s.directory.Add(p))
	}
	settings, err := json.Marshal(ldap.Settings{Kind: ldap.AD, URLs: []string{s.ldap.URL()}, BindDN: demodirectory.BindDN, BindPasswordFile: s.passwordFile,
		BaseDNs: []string{demodirectory.PeopleDN}, PageSize: 64})
	if err != nil {
		return err
	}
	s.connector, err = s.service.CreateConnector(ctx, demoOperator, identity.Connector{Org: s.synced.ID, Name: "Corp's AD", Kind: ldap.AD, Settings: settings})
	if err != nil {
		return err
	}
	stored, plan, err := s.plan(ctx, 12)
	if err != nil {
		return err
	}
	s.expect("the plan is", identity.PlanReady, stored.State)
	s.expect("users to create", 200, plan.Figures.Ops[directory.OpCreate])
	s.expect("users before it is applied", 0, s.countUsers(ctx, s.synced))
	report, err := s.syncer.Apply(ctx, s.synced.ID, stored.ID, demoOperator, nil)
	if err != nil {
		return err
	}
	s.expect("the run is", identity.RunCompleted, report.State)
	s.expect("users created", 200, report.Applied[directory.OpCreate])
	s.expect("users in Corp", 200, s.countUsers(ctx, s.synced))
	return nil
}

// plan makes a plan and shows the first lines of it.
func (s *story) plan(ctx context.Context, lines int) (identity.Plan, directory.Plan, error) {
	stored, plan, err := s.syncer.Plan(ctx, s.synced.ID, s.connector.ID, demoOperator, nil)
	if err != nil {
		return stored, plan, err
	}
	var text bytes.Buffer
	if err := plan.Print(&text); err != nil {
		return stored, plan, err
	}
	s.quote(text.String(), lines)
	return stored, plan, nil
}

func (s *story) countUsers(ctx context.Context, o identity.Organization) any {
	n, err := s.store.CountAccounts(ctx, o.ID, nil)
	if err != nil {
		return err
	}
	return n
}

// look finds somebody of Corp by userName.
func (s *story) look(ctx context.Context, entry demodirectory.ID, userName string) (follow, error) {
	a, err := s.store.AccountByUserName(ctx, s.synced.ID, identity.KeyOfUserName(userName))
	return follow{entry: entry, account: a.ID, userName: userName}, err
}

// status says how somebody of Corp stands now.
func (s *story) status(ctx context.Context, f follow) string {
	a, err := s.store.Account(ctx, s.synced.ID, f.account)
	switch {
	case identity.IsNotFound(err):
		return "deleted"
	case err != nil:
		return err.Error()
	case a.InactiveReason != "":
		return fmt.Sprintf("%s (%s)", a.Status, a.InactiveReason)
	}
	return string(a.Status)
}
