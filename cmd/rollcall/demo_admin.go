package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"rollcall/identity"
)

// demoTokenLife is how long the administrator's token is good.
const demoTokenLife = 12 * time.Hour

// claims is CLM-10: who can be claimed and who cannot, with the reason.
func (s *story) claims(ctx context.Context) error {
	s.step("Bergen has verified three domains and asks whom of them it may claim.")
	personal := "pat.lind@" + personalDomain
	sso := "sam.ost@" + ssoDomain
	if err := s.populate(ctx, personal, sso); err != nil {
		return err
	}
	for _, domain := range []string{corpDomain, ssoDomain, personalDomain} {
		if _, err := s.service.AttestDomain(ctx, demoOperator, s.second.ID, domain); err != nil {
			return err
		}
	}
	for _, o := range []identity.Organization{s.second, s.synced} {
		if _, err := s.service.Grant(ctx, demoOperator, identity.Grant{Org: o.ID, Issuer: s.issuer.URL(), Subject: "alice", Role: identity.RoleFull}); err != nil {
			return err
		}
	}
	var err error
	if s.adminToken, err = s.issuer.Token("alice", demoAudience, s.clock.Now(), demoTokenLife); err != nil {
		return err
	}
	a, err := s.call(ctx, http.MethodPost, "/api/v1/organizations/"+string(s.second.ID)+"/claims/preview", s.adminToken,
		map[string]any{"emails": []string{s.renamed.userName, sso, personal}})
	if err != nil {
		return err
	}
	s.expect("status", http.StatusOK, a.status)
	verdicts := verdictsOf(a)
	s.expect(s.renamed.userName+", synchronized", identity.RuleClaimSourceDirSync, verdicts[s.renamed.userName])
	s.expect(sso+", single sign-on", identity.RuleClaimSourceSSO, verdicts[sso])
	s.expect(personal+", personal", "eligible", verdicts[personal])
	return nil
}

// populate makes somebody with a personal account and somebody in an organization with single sign-on.
func (s *story) populate(ctx context.Context, personal, sso string) error {
	draft := func(mail string) identity.Draft {
		return identity.Draft{UserName: mail, Emails: []identity.AccountEmail{{Value: mail, Primary: true}}, Active: true}
	}
	err := s.service.Transact(ctx, identity.ConsumerOrgID, identity.Actor{Kind: identity.Owner, Name: personal}, func(c *identity.Acts) error {
		_, err := c.Create(ctx, draft(personal), identity.Origin{Source: identity.SourceSelf})
		return err
	})
	if err != nil {
		return err
	}
	if _, err := s.service.ChangeOrganization(ctx, demoOperator, s.sso.ID, func(o identity.Organization) identity.Organization {
		o.SSOProvider = "https://login.sso.example"
		return o
	}); err != nil {
		return err
	}
	return s.service.Transact(ctx, s.sso.ID, demoOperator, func(c *identity.Acts) error {
		_, err := c.Create(ctx, draft(sso), identity.Origin{Source: identity.SourceManual})
		return err
	})
}

// verdictsOf reads the answer to a claim preview: "eligible", or the codes of the reasons against it.
func verdictsOf(a answer) map[string]string {
	verdicts := map[string]string{}
	previews, _ := a.at("previews").([]any)
	for _, p := range previews {
		preview, _ := p.(map[string]any)
		email, _ := preview["email"].(string)
		if preview["eligible"] == true {
			verdicts[email] = "eligible"
			continue
		}
		var codes []string
		reasons, _ := preview["reasons"].([]any)
		for _, r := range reasons {
			reason, _ := r.(map[string]any)
			codes = append(codes, fmt.Sprint(reason["code"]))
		}
		verdicts[email] = strings.Join(codes, ", ")
	}
	return verdicts
}

// administrators is who may ask, and what they are told.
func (s *story) administrators(ctx context.Context) error {
	s.step("An administrator asks why %s is inactive.", s.disabled.userName)
	path := "/api/v1/organizations/" + string(s.synced.ID) + "/users/" + string(s.disabled.account) + "/why"
	a, err := s.call(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return err
	}
	s.expect("without a token", http.StatusUnauthorized, a.status)
	if a, err = s.call(ctx, http.MethodGet, path, s.adminToken, nil); err != nil {
		return err
	}
	s.expect("with one", http.StatusOK, a.status)
	s.note("%v", a.at("because"))
	next, _ := a.at("next").(map[string]any)
	s.note("%v", next["text"])
	s.expect("rule", "USR-11b", a.at("rule"))
	s.expect("reason", "directory_disabled", a.at("reason"))
	s.expect("what happens next", "nothing", next["what"])
	return nil
}
