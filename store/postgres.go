package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"rollcall/identity"
)

// How long a PostgreSQL server may take. What the url says instead of the first three holds.
const (
	connectLimit     = 5 * time.Second
	statementLimit   = 30 * time.Second
	lockLimit        = 10 * time.Second
	idleLimit        = time.Minute     // between two statements of a transaction
	transactionLimit = 2 * time.Minute // from its first statement to its last, seen from here
)

// Connections that a store keeps, half of them to read and half to write, and for how long.
const (
	defaultConnections = 20
	connectionAge      = 30 * time.Minute
	connectionIdle     = 5 * time.Minute
)

// postgres is a database on a PostgreSQL server.
type postgres struct {
	config      *pgx.ConnConfig
	connections int
	history     history
}

// The parameters of a url that are this package's and not the server's.
const connectionsParameter = "pool_max_conns"

// parsePostgresURL never repeats the url, which has a password in it.
func parsePostgresURL(text string) (*postgres, error) {
	refuse := func(format string, args ...any) (*postgres, error) {
		return nil, identity.Refuse(identity.Invalid, identity.RuleInvalidValue, format, args...).At("database")
	}
	const example = "write postgres://USER:PASSWORD@HOST:PORT/DATABASE"
	u, err := url.Parse(text)
	if err != nil {
		return refuse("the database url cannot be read; %s, with %%XX for special characters of the password", example)
	}
	p := &postgres{connections: defaultConnections, history: historyOf("postgres")}
	query := u.Query()
	if query.Has(connectionsParameter) {
		p.connections, err = strconv.Atoi(query.Get(connectionsParameter))
		if err != nil || p.connections < 2 {
			return refuse("%s is %q; it must be a whole number of at least 2", connectionsParameter, query.Get(connectionsParameter))
		}
		query.Del(connectionsParameter)
		u.RawQuery = query.Encode()
		text = u.String()
	}
	if p.config, err = pgx.ParseConfig(text); err != nil {
		// What it says has the password crossed out.
		return refuse("the database url cannot be used (%s); %s", strings.TrimSpace(err.Error()), example)
	}
	if p.config.ConnectTimeout == 0 || !query.Has("connect_timeout") {
		p.config.ConnectTimeout = connectLimit
	}
	p.setDefault("application_name", "rollcall")
	if !p.pooled() {
		p.setDefault("statement_timeout", milliseconds(statementLimit))
		p.setDefault("lock_timeout", milliseconds(lockLimit))
		p.setDefault("idle_in_transaction_session_timeout", milliseconds(idleLimit))
	}
	return p, nil
}

func (p *postgres) setDefault(name, value string) {
	if _, ok := p.config.RuntimeParams[name]; !ok {
		p.config.RuntimeParams[name] = value
	}
}

// pooled reports whether the url says that statements cannot be kept with a connection, as behind a pooler that lends connections
// for a transaction. Such a pooler does not take settings of a connection either: writers set theirs in each transaction.
func (p *postgres) pooled() bool {
	return p.config.DefaultQueryExecMode != pgx.QueryExecModeCacheStatement
}

// limit returns a limit as a transaction sets it: what the url says, or the default.
func (p *postgres) limit(name string, value time.Duration) string {
	if given, ok := p.config.RuntimeParams[name]; ok {
		return "'" + strings.ReplaceAll(given, "'", "''") + "'"
	}
	return milliseconds(value)
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// pool opens connections as they are needed, at most so many.
func (p *postgres) pool(size int) *sql.DB {
	db := sql.OpenDB(postgresConnector{stdlib.GetConnector(*p.config)})
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	db.SetConnMaxLifetime(connectionAge)
	db.SetConnMaxIdleTime(connectionIdle)
	return db
}

func (p *postgres) open(ctx context.Context) (*Store, error) {
	d := newPostgresDialect()
	w := newSessions(p, d, max(1, p.connections/2))
	readers := p.pool(max(1, p.connections-p.connections/2))
	s := &Store{reader: reader{run: pool{readers, d}, dialect: d}, readers: readers, lookups: newLookups(readers), transactor: w,
		schema:    func(ctx context.Context) (Schema, error) { return p.schema(ctx, readers) },
		migrating: func(ctx context.Context) (bool, error) { return stopping(ctx, readers) }}
	if err := s.Ping(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// postgresConnector opens connections that speak this package's way of storing.
type postgresConnector struct{ driver.Connector }

func (c postgresConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &postgresConn{Conn: conn.(*stdlib.Conn)}, nil
}
