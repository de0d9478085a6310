// Package scim serves SCIM 2.0 (RFC 7643, RFC 7644) over package identity: one tenant per path, one bearer token per
// tenant.
//
// Its one idea: a resource type is a schema, compiled once into an index of attributes, and everything that depends on
// attributes (validation, filters, PATCH, projection, sorting, discovery) is driven from that index. Another resource
// type is another schema and another handful of functions between its documents and the domain.
//
// It must not know SQL, directories or the administration API, and it decides nothing about people: identity does.
package scim
