// Package bulk is what happens to many people at once: files in and out, claims, invitations, licence templates.
//
// Its one idea: a job is rows in the store, and what came of a row is written in the transaction that made it so. A job that is
// killed anywhere goes on where it was, on any instance, and does nothing twice. Files are read and written as streams, so the
// memory that a job needs does not grow with it.
//
// It must not know HTTP, SQL or the command line: a file is an io.Reader or an io.Writer, and who may start a job is decided
// before it is started.
package bulk
