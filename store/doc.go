// Package store keeps everything that identity knows in an SQL database.
//
// Its one idea: a query has one text, in PostgreSQL's spelling, and a small dialect tells an engine apart; whatever an engine
// answers becomes one of identity's errors in one place. SQLite has one writer with group commit, so that every acknowledged write is on
// the disk without every write paying for its own commit, and a pool of connections that can only read. PostgreSQL has a pool to read and
// one to write, whose transactions are serializable, wait for their neighbours before they look at anything, and are tried again when
// somebody was in their way; a commit whose answer was lost is looked up and never guessed.
//
// It must not know rules: it holds what identity decided, refuses what the schema's constraints refuse, and has no clock.
// Instants are stored as microseconds since 1970 in UTC, identifiers as bytes, enumerations as text, and absent values as NULL.
package store
