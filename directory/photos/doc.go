// Package photos judges the photos that a directory holds, and keeps those of a reading until a plan has taken them.
//
// Its one idea: what a photo is, its bytes say and nothing else does; and of 100,000 photos in a reading none has to be in memory, because
// a plan needs only to know which photo it is.
//
// It must not know connections, plans, accounts or an LDAP library.
package photos
