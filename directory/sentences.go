package directory

import (
	"fmt"
	"slices"
	"strings"

	"rollcall/identity"
)

// What a plan says to people. A reason tells what the directory showed and what follows.
const (
	reasonTombstone = "The entry was deleted: the directory shows what is left of it. The user becomes inactive and is deleted 7 days after this is applied, unless the entry comes back (DIR-18, USR-11a)."
	reasonAbsent    = "The entry is gone: a look-up by its id finds nothing, while the same look-up finds an entry that exists. The user becomes inactive and is deleted 7 days after this is applied, unless the entry comes back (DIR-18, USR-11a)."

	reasonOutOfScope         = "The entry still exists but has left the synchronized part of the directory. The user becomes inactive and is deleted 7 days after this is applied, unless the entry comes back (DIR-18)."
	reasonOutOfScopeRetained = "The entry still exists but has left the synchronized part of the directory. The connector's policy keeps such users as they are (DIR-18)."
	reasonUnknown            = "The entry is missing from the reading, but nothing proves that it is gone. The user stays as before (DIR-18)."
	reasonClaimUndecided     = "The user was claimed and has not decided about the old account yet; synchronization leaves the account alone (A30)."
	reasonClaimAbsent        = "The user was claimed and has not decided about the old account yet, and no entry of the directory matches. Synchronization leaves the account alone until then (A30)."

	reasonMismatchRetained = "No entry of the directory matches this user. The connector's policy keeps such users as they are (DIR-04)."
	reasonMismatchOthers   = "No entry of the directory matches this user. Nobody is removed for that before every connector of the organization has synchronized once (DIR-04)."
	reasonMismatchNoLosses = "No entry that was read matches this user, but this reading is not good enough to remove anybody (DIR-19)."
	reasonMismatchDeleted  = "No entry of the directory matches this user, and the connector's policy removes such users. The user becomes inactive and is deleted 7 days after this is applied (DIR-04)."

	noteClaimed = "This user was claimed. To keep the user, put an entry with the address into the directory (CLM-03, CLM-04)."

	reasonCreate         = "A new entry."
	reasonCreateDisabled = "A new entry that is disabled in the directory: the user is added as inactive and kept (USR-02)."
	reasonAdopt          = "The user existed and has the entry's address; from now on the directory says what the user is (DIR-04)."
	reasonAdoptDisabled  = "The user existed and has the entry's address; the entry is disabled, so the user becomes inactive and is kept (DIR-04, USR-11b)."
	reasonRecreated      = "The user's old entry was deleted and a new one has the same address: the account is tied to the new entry (DIR-10)."
	reasonRestore        = "The entry is back within the 7 days: the user gets back the former status and is no longer going to be deleted (USR-12)."
	reasonRestoreOff     = "The entry is back, but disabled: the user stays inactive and is no longer going to be deleted (USR-13)."
	reasonRestoreNew     = "A new entry has the address of a user whose entry was deleted less than 7 days ago: the account is recovered and tied to the new entry (DIR-10)."
	reasonDisable        = "The entry is disabled in the directory. The user becomes inactive and is kept for as long as that lasts (USR-11b)."
	reasonDisableAlready = "The entry is disabled in the directory. The user was inactive for another reason and is now kept for as long as the entry is disabled (USR-11b)."
	reasonEnable         = "The entry is enabled again in the directory: the user gets back the former status (USR-12)."
	reasonEnableOverride = "The user was deactivated here, but the entry is enabled, and the directory decides: the user gets back the former status (DIR-08)."
	reasonUpdate         = "The attributes differ; the directory's values win (DIR-08)."

	reasonGroupCreate     = "A new group."
	reasonGroupRename     = "The group was renamed or moved in the directory; it is the same group."
	reasonGroupMembers    = "The members differ; the directory says who is in the group (DIR-08)."
	reasonGroupFurther    = "Further members of the group."
	reasonGroupsJoin      = "Groups that are in the group."
	reasonGroupDelete     = "The group was deleted in the directory. It goes here, too, with its licence template; its members keep the licences that they have (LIC-03)."
	reasonGroupOutOfScope = "The group still exists but has left the synchronized part of the directory. It goes here, with its licence template; its members keep the licences that they have (LIC-03)."
	reasonGroupRetained   = "The group still exists but has left the synchronized part of the directory. The connector's policy keeps it as it is (DIR-18)."
	reasonGroupUnknown    = "The group is missing from the reading, but nothing proves that it is gone. It stays as before (DIR-18)."
	reasonGroupRelease    = "The connector mirrors no groups any more. The group stays with its members and is the administrators' own from now on."

	reasonManagerLater = "The manager is added by this plan, too, and after this user: who it is is written once both are there."

	reasonDisableNotPlanned = "The entry is disabled in the directory, but this reading is not good enough to make anybody inactive (DIR-19). The user stays as before."
)

func reasonRename(changes []Change) string {
	var parts []string
	address := slices.IndexFunc(changes, func(c Change) bool { return c.Attribute == "emails" })
	for _, c := range changes {
		switch c.Attribute {
		case "emails":
			parts = append(parts, fmt.Sprintf("The address changed from %s to %s.", orNone(c.Before), c.After))
		case "userName":
			if address >= 0 && changes[address].After == c.After {
				continue // the userName is the address: one sentence says it
			}
			parts = append(parts, fmt.Sprintf("The userName changed from %s to %s.", orNone(c.Before), c.After))
		case "directory.dn":
			parts = append(parts, "The entry was renamed or moved inside the synchronized part of the directory; it is the same entry.")
		}
	}
	return strings.Join(parts, " ")
}

// accountOf stands for the id of an account that is yet to be made.
func accountOf(dn string) string { return "the account of " + dn }

func noteStrayManager(dn string) string {
	return fmt.Sprintf("The manager, %s, is nobody whom a connector of the organization synchronizes, so the user has no manager here.", dn)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// The reasons of conflicts also say whose move it is.
func conflictDuplicate(others []string) string {
	return fmt.Sprintf("Another entry has the same address or userName: %s. Neither is synchronized until one of them changes in the directory.", strings.Join(others, "; "))
}

func conflictForeign(key string) string {
	return fmt.Sprintf("The user could not be converted: the address %s belongs to an account that this connector may not take over (EML-12). "+
		"Use another address in the directory, or settle it by a claim.", key)
}

func conflictHeld(key string) string {
	return fmt.Sprintf("The address %s is reserved for the moment (EML-04). Nothing to do: a later synchronization adds it once the reservation is over.", key)
}

func conflictTaken(key, holder string) string {
	return fmt.Sprintf("The address %s belongs to the user %s of this organization. Change one of the two in the directory.", key, holder)
}

func conflictUserName(name, holder string) string {
	return fmt.Sprintf("The userName %s belongs to another user of this organization (%s). Change one of the two in the directory.", name, holder)
}

func conflictDomain(domain string) string {
	return fmt.Sprintf("The domain %s is claimed by an organization, and only it can add users there (DOM-10). Use another address in the directory.", domain)
}

func conflictSeveral(userName string) string {
	return fmt.Sprintf("More than one entry matches the user %s by an address. None is tied to it until only one does.", userName)
}

// standing describes an account's status in a change.
func standing(a identity.Account) string {
	if a.Status == identity.Inactive {
		return inactive(a.InactiveReason)
	}
	return string(a.Status)
}

func inactive(why identity.InactiveReason) string {
	return fmt.Sprintf("%s (%s)", identity.Inactive, why)
}
