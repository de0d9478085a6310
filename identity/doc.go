// Package identity says who exists and what may change them.
//
// Its one idea: every decision about a person is a pure function over typed values (an [Account], an [Organization], an
// instant), and every effect is one transaction that stores the new value together with the [Event] that explains it.
// [Service] is the thin layer between the two; whatever feeds the server (SCIM, a directory, an administrator, the
// retention worker) goes through it, so there is one way to create, change, deactivate and delete an account.
//
// It must not know HTTP, SQL, LDAP or SCIM. It owns the ports it needs: [Store], [Reader], [Tx], [Clock] and [IDs].
package identity
