// Package admin is the API of administrators, partners and users: JSON over HTTP, called with the OIDC tokens of issuers that
// the operator trusts or that organizations registered as their own.
//
// Its one idea: whether a call may happen is decided before anything of its body is read, in one middleware and always in
// the same order: who are you (401), do you ask too much (429), does this organization exist for you (404), may your role do
// this (403). Only then the request is read (400) and the domain asked (409). Who somebody is comes from the token, what they may do comes from
// our store and never from a claim (ROL-04).
//
// It must not know SQL, SCIM or LDAP, and it decides nothing about people: identity does.
package admin
