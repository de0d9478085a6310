package store

import (
	"context"
	"database/sql"
	"time"
)

// checkpointPause is how long a database's log grows, at least, before it is copied again.
const checkpointPause = time.Second

// checkpointer copies what was committed from SQLite's log into the database, on a connection of its own and while others write. A writer
// that comes upon a long log copies it within its commit, and everybody who shares the commit waits for two fsyncs more.
type checkpointer struct {
	db        *sql.DB
	committed chan struct{} // room for one
	closing   chan struct{}
	ended     chan struct{}
}

func newCheckpointer(db *sql.DB) *checkpointer {
	db.SetMaxOpenConns(1)
	c := &checkpointer{db: db, committed: make(chan struct{}, 1), closing: make(chan struct{}), ended: make(chan struct{})}
	go c.run()
	return c
}

// tell says that something was committed.
func (c *checkpointer) tell() {
	select {
	case c.committed <- struct{}{}:
	default:
	}
}

func (c *checkpointer) run() {
	defer close(c.ended)
	for {
		select {
		case <-c.committed:
		case <-c.closing:
			return
		}
		select {
		case <-time.After(checkpointPause):
			c.copy()
		case <-c.closing: // whoever closes the last connection copies what is left
			return
		}
	}
}

// copy waits for nobody: what others still read stays in the log until the next time. If it fails, the log grows until the writer copies
// it.
func (c *checkpointer) copy() {
	_, _ = c.db.ExecContext(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)") // the next one does it
}

func (c *checkpointer) stop() error {
	close(c.closing)
	<-c.ended
	return c.db.Close()
}
