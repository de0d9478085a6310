package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"rollcall/identity"
)

// The errors of PostgreSQL that decide how a transaction or an import goes on.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	uniqueViolation      = "23505"
	integrityClass       = "23"
	tooLong              = "54000" // for an index
)

// postgresOutages are the engine's errors that pass, or that an operator can mend while the server runs, by their codes or classes.
var postgresOutages = map[string]string{
	serializationFailure: "others change the same things all the time; try again",
	deadlockDetected:     "others change the same things all the time; try again",
	"55P03":              "somebody else is writing and does not finish; try again",
	"57014":              "the database took too long, so nothing was stored; try again",
	"25P03":              "the transaction stood still for too long, so nothing was stored; try again",
	"25006":              "the database server only reads; give the url of the one that writes, or both hosts with target_session_attrs=read-write",
	"53100":              "the disk of the database server is full, so nothing was stored; free some space and try again",
	"53300":              "the database server has no connection left; raise its max_connections, or lower pool_max_conns in the url",
	"53":                 "the database server has not enough of something; look at its log",
	"57P03":              "the database server is starting or stopping; try again",
	"57":                 "the database server ended the connection; try again",
	"58":                 "the system of the database server failed; look at its log",
	"08":                 "the connection to the database was lost; try again",
	"28":                 "the database server does not let this user in; check user and password of the url, and the server's pg_hba.conf",
	"3D000":              "the database server has no database of this name; create it first",
	"42501":              "the user of the url may not do this in the database; let it own the database, or grant it what it needs",
	"26000":              preparedElsewhere,
	"42P05":              preparedElsewhere,
	"08P01":              preparedElsewhere, // it does not take settings of a connection either
}

const preparedElsewhere = "a pooler lends another connection to every transaction; add default_query_exec_mode=cache_describe to the url"

// unreachable is said where no server answered at all.
const unreachable = "the database server does not answer; check host and port of the url, and whether it runs"

// postgresOutage returns what to say of an error that passes; empty for any other error.
func postgresOutage(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		if detail, ok := postgresOutages[refused.Code]; ok {
			return detail
		}
		return postgresOutages[refused.Code[:min(2, len(refused.Code))]]
	}
	switch {
	case unreached(err):
		return unreachable
	case lostConnection(err):
		return postgresOutages["08"]
	}
	return ""
}

// unreached reports whether an error is that no connection came about.
func unreached(err error) bool {
	var connecting *pgconn.ConnectError
	return errors.As(err, &connecting)
}

// lostConnection reports whether an error is the end of a connection, or that there was none.
func lostConnection(err error) bool {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return strings.HasPrefix(refused.Code, "57P") || strings.HasPrefix(refused.Code, "08") || refused.Code == "25P03"
	}
	var network net.Error
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, pgconn.ErrConnClosed) ||
		unreached(err) || pgconn.SafeToRetry(err) || errors.As(err, &network) && !errors.Is(err, context.DeadlineExceeded)
}

// code returns the engine's code of an error, or nothing.
func code(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}

// violated returns the name of the unique index that an error is about, or of the table for its primary key.
func violated(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == uniqueViolation {
		return strings.TrimSuffix(refused.ConstraintName, "_pkey")
	}
	return ""
}

func unavailable(detail string, err error) error {
	return &identity.Error{Kind: identity.Unavailable, Rule: identity.RuleUnavailable, Detail: detail, Err: err}
}
