// Package demodirectory is a small Active Directory for demonstrations: it answers LDAP version 3 on a loopback address and
// its people can be created, disabled, deleted, restored, renamed and moved while it runs.
//
// Its one idea: whatever a reader of a real domain depends on is there and nothing else: a root DSE, paged searches (RFC 2696)
// with a page limit, immutable binary objectGUIDs, userAccountControl, update sequence numbers, and tombstones that only the
// show-deleted control shows. It is not for keeping anything: all of it is in memory.
//
// It must not know who reads it: nothing of the rest of the project appears here.
package demodirectory
