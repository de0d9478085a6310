// Package directory keeps an organization's accounts in step with its directory.
//
// Its one idea: what to do is a value. A [Source] says what a directory holds and how good its answer is; [Compute] turns that
// and our own state into a [Plan] without a clock, a store or a network; [Syncer] stores the plan, shows it, and applies
// exactly that plan. Nobody is lost because a directory answered badly: every loss needs evidence of its own, and a great
// many losses need an administrator.
//
// It must not know LDAP or SQL.
package directory
