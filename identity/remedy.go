package identity

// remedies says for every rule what the person who was refused can do. One sentence each: what is wrong is in the error's
// Detail.
var remedies = map[Rule]string{
	RuleInvalidEmail:     "Correct the address; it has the form name@example.com.",
	RuleReservedDomain:   "Use an address in another domain.",
	RuleInvalidUserName:  "Choose another userName; in an organization that requires e-mail it is the address.",
	RuleInvalidValue:     "Correct the value that the message names and repeat the call.",
	RuleUnknownOrg:       "Check the organization's id, or ask one of its full administrators for a role.",
	RuleUnknownAccount:   "Check the user's id; users who have been deleted stay gone.",
	RuleUnknownToken:     "List the organization's tokens and use the id of one of them.",
	RuleUnknownConnector: "List the organization's connectors and use the id of one of them.",
	RuleUnknownPlan:      "List the connector's plans, or make a new one.",
	RuleUnknownRun:       "List the connector's runs and use the id of one of them.",
	RuleUnknownEvent:     "List the events and use the id of one of them.",
	RuleUnknownDomain:    "Check the spelling, or verify the domain first.",
	RuleUnknownGrant:     "List the organization's administrators and name one of them by issuer and subject.",
	RuleUnknownGroup:     "List the organization's groups and use the id of one of them.",
	RuleUnknownSub:       "List the organization's subscriptions and use the id of one of them.",
	RuleUnknownTemplate:  "List the organization's licence templates; there is none for this group.",
	RuleUnknownProvider:  "List the organization's identity providers and name one of them by its issuer.",
	RuleUnknownPartner:   "List the organization's partners and use the id of one of them.",
	RuleUnknownLink:      "Use the link exactly as it was mailed, or ask for a new one.",
	RuleUnknownMessage:   "List the messages and use the id of one of them; delivered ones are not kept for ever.",
	RuleUnknownJob:       "List the organization's jobs and use the id of one of them.",
	RuleUnknownReceipt:   "Send the call again; its answer is not kept any longer.",
	RuleFileGone:         "Start the job again; its files are kept for a limited time only.",
	RuleNoHold:           "Nothing has to be done: nobody uses the address.",
	RuleForbiddenRole:    "Ask a full administrator of the organization to do it or to give you a role that may.",
	RuleAccountInactive:  "Ask an administrator of your organization to reactivate your account.",
	RuleVersionMismatch:  "Read it again, look whether your change still makes sense, and repeat the call with the present ETag.",
	RuleUserNameTaken:    "Choose another userName, or change the user who has it.",
	RuleObjectLinked:     "Unlink the other user first, or correct the directory so that one entry belongs to one user.",
	RuleConnectorExists:  "Use the connector that there is, or remove it first.",

	RuleEmailTaken:              "Use another address for this user.",
	RuleEmailHeld:               "Use another address, or wait until the reservation is over.",
	RuleEmailClaimable:          "Claim the user instead of adding one.",
	RuleDomainNotAvailable:      "Use another address, or have the owner delete the personal account first.",
	RuleDomainTokenMissing:      "Fetch a token for the domain, publish it in the DNS, and verify then.",
	RuleDomainTXTNotFound:       "Publish the TXT record as it was shown; a name server may take some time to show it, so try again then.",
	RuleDomainNotVerifiedYet:    "Verify the domain, then claim it.",
	RuleDomainNotClaimed:        "Nothing needs to be done: the domain is not claimed.",
	RuleDomainStillClaimed:      "Release the domain, then remove it.",
	RuleDomainVerifiedElsewhere: "Agree with the other organization which of you keeps the domain; the other one removes it.",
	RuleAdminDomainFirst:        "Verify the domain of your own address first.",
	RulePublicSuffix:            "Name a domain that is registered below it.",
	RuleDNSUnavailable:          "Try again later; if it stays so, let whoever runs the name servers look.",
	RuleDomainClaimed:           "Use an address in another domain, or ask the organization that claimed this one.",
	RuleManagedByDirectory:      "Make the change in the directory and synchronize.",
	RuleInvalidTransition:       "Look at the user's status: it says which actions there are.",
	RuleClaimedByOther:          "Ask the organization that claimed the user.",
	RuleClaimSourceSSO:          "Ask the user's organization to release the user; one with single sign-on keeps its users.",
	RuleClaimSourceDirSync:      "Ask the user's organization to remove the user from its directory first.",
	RuleClaimVerifiedElsewhere:  "Settle with the other organization who verifies the domain.",
	RuleClaimDomainNotVerified:  "Verify the domain of the address first.",
	RuleClaimAlreadyMember:      "Nothing has to be done: the user is yours already.",
	RuleClaimAlreadyPending:     "Wait until the claim that is under way has been settled.",
	RuleClaimTargetDirSync:      "Switch your directory synchronization off first, or add the user to your directory.",
	RuleClaimNoAccount:          "Add the user instead of claiming one.",
	RuleUserOwnsTrialOrg:        "Have the user hand the trial organization over or delete it first.",
	RuleDomainNotVerified:       "Verify the domain first, or use an address in one that is verified.",
	RuleLastFullAdmin:           "Make somebody else a full administrator first.",
	RuleNoLicences:              "Buy more seats, or take the licence away from somebody who does not need it.",
	RuleLicencesInUse:           "Take the licences away from their users first.",
	RuleUnknownLicence:          "Use a licence that one of the organization's active subscriptions has.",
	RuleSelfRegistrationOff:     "Ask the organization that owns the domain for an account, or use a personal address.",
	RuleAlreadyBound:            "Sign in with the account that you have, or use another identity.",
	RuleConsumerAdmin:           "Make another account of the person an administrator: one that belongs to an organization.",
	RuleNotBound:                "Use the link of your invitation while signed in, ask for a new one if it is used up, or register an account of your own.",
	RuleEmailNotVerified:        "Follow the link in the mail that was sent to the address, or have the mail sent again.",
	RuleIssuerTaken:             "Use the issuer of your own tenant; one issuer belongs to one organization.",
	RuleIssuerNotForAddress:     "Sign in through an issuer that may speak for the address, or verify its domain first.",
	RuleLinkUsed:                "Nothing has to be done if it was you; otherwise ask for a new link.",
	RuleLinkExpired:             "Ask for a new link.",
	RuleJobRunning:              "Wait until the job that is under way has finished.",
	RuleTooManyRows:             "Split the file and import the parts one after another.",
	RuleTooManyUsers:            "Send fewer users in one call, or import a file.",
	RuleAttributeRequired:       "Give the attribute that the message names.",
	RuleReceiptExists:           "Wait for the answer to the first call, or use a new key.",
	RuleKeyReused:               "Use a new key for a new call; repeat a call with its key only if nothing else has changed.",
	RuleKeyInProgress:           "Wait as long as Retry-After says and repeat the call with the same key.",
	RuleUnavailable:             "Wait a moment and repeat the call; nothing was changed.",
	RuleInternal:                "Give the tracking id to whoever runs the server.",
}

// Remedy says in one sentence what can be done about a refusal by this rule; empty for a code that is not identity's. What
// depends on the case is in [Error.Ways], which win.
func (r Rule) Remedy() string { return remedies[r] }

// Remedies returns the ways out of a refusal: those of the case, else the rule's own; none for a code that is not identity's.
func (e *Error) Remedies() []Remedy {
	if len(e.Ways) > 0 {
		return e.Ways
	}
	if text := e.Rule.Remedy(); text != "" {
		return []Remedy{{Text: text}}
	}
	return nil
}
