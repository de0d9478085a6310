package identity

// DomainAct is what an organization can do with a domain: the columns of BEHAVIOUR 14.4.
type DomainAct string

// The acts.
const (
	DomainChallengeAct DomainAct = "get token"
	DomainVerifyAct    DomainAct = "verify"
	DomainClaimAct     DomainAct = "claim"
	DomainReleaseAct   DomainAct = "release"
	DomainRemoveAct    DomainAct = "remove"
)

// DomainActs lists the acts in the order of the table.
var DomainActs = []DomainAct{DomainChallengeAct, DomainVerifyAct, DomainClaimAct, DomainReleaseAct, DomainRemoveAct}

// DomainStates lists where an organization can stand with a domain, in the order of the table.
var DomainStates = []DomainState{DomainNone, DomainPending, DomainVerified, DomainClaimed}

// domainMachine is BEHAVIOUR 14.4: for each state what each act leads to, or the rule that refuses it. What another organization
// has done with the domain is looked at besides (DOM-02, DOM-03, DOM-08, DOM-09).
var domainMachine = map[DomainState][5]string{
	//               get token      verify                       claim                              release                       remove
	DomainNone:     {"pending", string(RuleDomainTokenMissing), string(RuleDomainNotVerifiedYet), string(RuleDomainNotClaimed), string(RuleUnknownDomain)},
	DomainPending:  {stays, "verified", string(RuleDomainNotVerifiedYet), string(RuleDomainNotClaimed), "none"},
	DomainVerified: {stays, stays, "claimed", string(RuleDomainNotClaimed), "none"},
	DomainClaimed:  {string(RuleDomainClaimed), stays, stays, "verified", string(RuleDomainStillClaimed)},
}

// domainRefusals says what the refusals in the table are.
var domainRefusals = map[Rule]struct {
	kind Kind
	text string
}{
	RuleDomainTokenMissing:   {Invalid, "fetch a token for %s first and publish it in the DNS"},
	RuleDomainNotVerifiedYet: {Invalid, "%s is not verified yet; verify it first"},
	RuleDomainNotClaimed:     {Invalid, "%s is not claimed, so there is nothing to release"},
	RuleUnknownDomain:        {NotFound, "the organization has nothing to do with %s"},
	RuleDomainStillClaimed:   {Invalid, "%s is claimed; release it first"},
	RuleDomainClaimed:        {Conflict, "%s is claimed already, so there is nothing left to prove"},
}

// after returns the state that an act leads to, or the refusal.
func (s DomainState) after(act DomainAct, name string) (DomainState, error) {
	for i, a := range DomainActs {
		if a != act {
			continue
		}
		cell := domainMachine[s][i]
		if refusal, refused := domainRefusals[Rule(cell)]; refused {
			return s, Refuse(refusal.kind, Rule(cell), refusal.text, name)
		}
		if cell == stays {
			return s, nil
		}
		return DomainState(cell), nil
	}
	return s, Refuse(Invalid, RuleInvalidValue, "there is no act %q", act)
}

// DomainTable prints the state machine as a Markdown table, one row a state.
func DomainTable() string {
	return table("State", DomainStates, DomainActs, func(s DomainState) []string { row := domainMachine[s]; return row[:] })
}
