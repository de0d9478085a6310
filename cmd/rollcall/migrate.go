package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"rollcall/store"
)

type migrateCmd struct {
	storeFlag
	Check bool `help:"Change nothing; tell what there is to do and whether servers may go on meanwhile. Ends with 1 if this program would have to migrate the database."`
}

// migrated is what the command tells.
type migrated struct {
	Before int64 `json:"before"`
	Now    int64 `json:"now"` // after it, or if it were done
	// Rolling says that the servers which work with the database before can go on during the migration and after it.
	Rolling bool              `json:"rolling"`
	Pending []store.Migration `json:"pending,omitempty"`
}

// Run migrates the database, or says whether that is needed. The server and every other command migrate an older database by
// themselves.
func (c *migrateCmd) Run(a *app) error {
	look := store.Migrate
	if c.Check {
		look = store.CheckSchema
	}
	found, err := look(a.ctx, c.Database)
	if err != nil {
		return c.named(err)
	}
	told := migrated{Before: found.Version, Now: max(found.Latest, found.Version), Rolling: found.Rolling()}
	if c.Check {
		told.Pending = found.Pending
	}
	err = a.show(told, func(w io.Writer) error {
		return properties(w, "schema before", strconv.FormatInt(told.Before, 10), "schema now", strconv.FormatInt(told.Now, 10),
			"rolling upgrade", rollingText(found))
	})
	switch {
	case err != nil || !c.Check || found.Usable():
		return err
	case found.Version > found.Latest:
		return fmt.Errorf("the database has schema %d of a newer program, and this one, which knows schemas up to %d, cannot work with it; use the newer program",
			found.Version, found.Latest)
	}
	return fmt.Errorf("the database has schema %d and this program needs %d; run rollcall migrate --database %s", found.Version, found.Latest, store.Shown(c.Database))
}

// rollingText says what may be running while the database is migrated.
func rollingText(s store.Schema) string {
	switch {
	case s.Version > s.Latest && s.Usable():
		return "in the middle of one: the schema is a newer program's, and this program can work with it"
	case s.Version > s.Latest, s.UpToDate():
		return ""
	case s.Version == 0:
		return "not needed: nobody works with the database yet"
	case s.Rolling():
		return "safe: servers of the program before may go on"
	}
	var stops []string
	for _, m := range s.Pending {
		if !m.Expansion {
			stops = append(stops, strings.TrimSpace(fmt.Sprintf("%d %s", m.Number, m.Name)))
		}
	}
	return "not safe: stop all servers and commands of the program before first, because of " + strings.Join(stops, ", ")
}
