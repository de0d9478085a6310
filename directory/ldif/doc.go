// Package ldif reads people from LDIF files (RFC 2849) for package directory: from directories that nothing can be connected to.
//
// Its one idea: the files are the directory. They are read to their very end or not at all, what they say about a missing entry
// is all that is known about it, and a file that changes between two looks is no evidence of anything.
//
// It must not know accounts, plans or stores, and it connects to nothing.
package ldif
