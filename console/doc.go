// Package console is what people see in a browser: pages made on the server, without scripts.
//
// Its one idea: a page shows what the services say and a form does what the services do; nothing is decided here. Following a
// link from a mail takes two steps, a page that says what will happen and a button that does it, because programs follow links
// in mails too and must not use them up.
//
// It must not know SQL, LDAP or SCIM, nor import another surface.
package console
