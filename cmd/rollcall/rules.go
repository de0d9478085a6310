package main

import (
	"rollcall/identity"
)

// rulesFlags are what whoever runs the server decides otherwise than the rules say. They hold for every command that works on the
// database, so that all of them judge alike; the environment or the configuration file is the place to set them.
type rulesFlags struct {
	AllowActiveOnlineTrial bool `hidden:"" negatable:"" default:"true" env:"ROLLCALL_ALLOW_ACTIVE_ONLINE_TRIAL" help:"Let organizations be deleted though their online trial is active."`
	AllowConvert           bool `hidden:"" negatable:"" default:"true" env:"ROLLCALL_ALLOW_CONVERT" help:"Let users of deleted organizations become personal accounts."`
	DeferredClaims         bool `hidden:"" negatable:"" default:"true" env:"ROLLCALL_DEFERRED_CLAIMS" help:"Let claimed users bring their content along."`
	ClaimListLimit         int  `hidden:"" default:"100" env:"ROLLCALL_CLAIM_LIST_LIMIT" placeholder:"N" help:"How many users a list of those who can be claimed shows, and one call claims."`
	IdleOrganizationDays   int  `hidden:"" default:"0" env:"ROLLCALL_IDLE_ORGANIZATION_DAYS" placeholder:"DAYS" help:"Delete organizations in which nothing has happened for so many days; 0: never."`
}

// rulesHelp names the rules where they matter most.
const rulesHelp = "What the rules leave to whoever runs the server is set in the environment or the configuration file, for the commands on the " +
	"database too: allow-active-online-trial, allow-convert, deferred-claims (each true), claim-list-limit (100), idle-organization-days (0: never)."

// The bounds of the rules that are numbers.
const (
	mostClaimList = 1000
	leastIdleDays = 30
	mostIdleDays  = 3650
)

// rules returns what the flags say, or what is wrong with them.
func (f rulesFlags) rules() (identity.Rules, error) {
	switch {
	case f.ClaimListLimit < 1 || f.ClaimListLimit > mostClaimList:
		return identity.Rules{}, bad("claim-list-limit", "%d is out of range; use 1 to %d", f.ClaimListLimit, mostClaimList)
	case f.IdleOrganizationDays != 0 && (f.IdleOrganizationDays < leastIdleDays || f.IdleOrganizationDays > mostIdleDays):
		return identity.Rules{}, bad("idle-organization-days", "%d is out of range; use 0 for never, or %d to %d", f.IdleOrganizationDays, leastIdleDays, mostIdleDays)
	}
	return identity.Rules{AllowActiveOnlineTrial: f.AllowActiveOnlineTrial, AllowConvert: f.AllowConvert, DeferredClaims: f.DeferredClaims,
		ClaimListLimit: f.ClaimListLimit, IdleDeletionDays: f.IdleOrganizationDays}, nil
}
