package main

import (
	"fmt"
	"io"

	"rollcall/store"
)

type migrateCmd struct {
	storeFlag
	Check bool `help:"Change nothing; end with 1 if the database does not have the schema of this program."`
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
	if c.Check && !found.UpToDate() {
		return fmt.Errorf("the database has schema %d and this program needs %d; run rollcall migrate --database %s", found.Version, found.Latest, store.Shown(c.Database))
	}
	schema := struct {
		Before int64 `json:"before"`
		Now    int64 `json:"now"`
	}{found.Version, found.Latest}
	return a.show(schema, func(w io.Writer) error {
		return properties(w, "schema before", fmt.Sprint(schema.Before), "schema now", fmt.Sprint(schema.Now))
	})
}
