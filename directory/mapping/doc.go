// Package mapping makes people of what a directory holds.
//
// Its one idea: what an attribute of ours is made from is configuration, a small expression over the raw values of an entry that is
// checked when it is saved. The same expressions say what a search must ask for, what the mapping owns, and why an entry cannot
// be used, wherever the values come from.
//
// It must not know connections, files, accounts or an LDAP library.
package mapping
