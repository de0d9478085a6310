// Package ldap reads people from Active Directory and OpenLDAP for package directory. It is the only package that speaks LDAP as a
// client.
//
// Its one idea: an answer counts as complete only if it proves so. Every page must carry the paging control, the last one with
// an empty cookie; nothing may refer elsewhere; the same server must answer from beginning to end. What cannot be proven is
// a gap in the snapshot, and with a gap nobody is lost (BEHAVIOUR DIR-19).
//
// It must not know accounts, plans or stores.
package ldap
