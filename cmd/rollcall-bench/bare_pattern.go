package main

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"rollcall/internal/system"
)

// The tables that a create writes to, and what of the rows is each person's own.
var patternTables = []string{"accounts", "account_emails", "address_holds", "events"}

// pattern is a row of each table as Rollcall has written it for somebody. More people are written by its like, so that the rows have all columns
// and about the size of the product's, whatever columns there are.
type pattern struct {
	rows []patternRow
	org  []byte
	seq  atomic.Int64 // of events; far beyond those of the product
}

type patternRow struct {
	table   string
	columns []string
	values  []any
}

// firstSeq is beyond every event that the product will write.
const firstSeq = 1 << 40

// read makes a pattern by asking for somebody's rows.
func readPattern(query func(statement string) (columns []string, values []any, err error)) (*pattern, error) {
	p := &pattern{}
	p.seq.Store(firstSeq + time.Now().UnixMicro())
	for _, table := range patternTables {
		where := ""
		if table == "events" {
			where = " WHERE account_id IS NOT NULL AND kind = 'account.created'"
		}
		columns, values, err := query("SELECT * FROM " + table + where + " LIMIT 1")
		if err != nil {
			return nil, fmt.Errorf("a row of %s: %w", table, err)
		}
		p.rows = append(p.rows, patternRow{table, columns, values})
	}
	return p, nil
}

// insertion is the statement that inserts a row like this one.
func (r patternRow) insertion(placeholder string) string {
	marks := make([]string, len(r.columns))
	for i := range marks {
		marks[i] = fmt.Sprintf("%s%d", placeholder, i+1)
	}
	return "INSERT INTO " + r.table + " (" + strings.Join(r.columns, ", ") + ") VALUES (" + strings.Join(marks, ", ") + ")"
}

// like returns the values of the row for somebody else.
func (p *pattern) like(r patternRow, who barePerson) []any {
	values := slices.Clone(r.values)
	name := strings.ToLower(who.userName)
	for i, column := range r.columns {
		switch r.table + "." + column {
		case "accounts.org_id", "account_emails.org_id", "address_holds.org_id", "events.org_id":
			values[i] = p.org
		case "accounts.id", "account_emails.account_id", "address_holds.account_id", "events.account_id":
			values[i] = who.id
		case "events.id":
			values[i], _ = keyOf(system.IDs{}.New()) // it spells an id
		case "events.seq":
			values[i] = p.seq.Add(1)
		case "accounts.user_name", "events.account_name":
			values[i] = who.userName
		case "accounts.user_name_key", "account_emails.email", "address_holds.email_key":
			values[i] = name
		case "accounts.emails":
			values[i] = who.emails
		case "accounts.profile":
			values[i] = who.profile
		case "accounts.created_at", "accounts.updated_at", "accounts.status_at", "events.at":
			values[i] = who.createdAt
		case "accounts.external_id":
			values[i] = who.userName
		}
	}
	return values
}

// newBarePerson is somebody new, without a name yet.
func newBarePerson() barePerson {
	id, _ := keyOf(system.IDs{}.New()) // it spells an id
	now := time.Now().UnixMicro()
	return barePerson{id: id, createdAt: now, updatedAt: now}
}

// The statements of both databases; %s is what stands before the number of an argument.
const (
	barePersonColumns = "id, user_name, emails, profile, status, created_at, updated_at"
	selectByID        = "SELECT " + barePersonColumns + " FROM accounts WHERE org_id = %[1]s1 AND id = %[1]s2"
	selectByName      = "SELECT " + barePersonColumns + " FROM accounts WHERE org_id = %[1]s1 AND user_name_key = %[1]s2"
	selectPage        = "SELECT " + barePersonColumns + " FROM accounts WHERE org_id = %[1]s1 ORDER BY id LIMIT %[1]s2 OFFSET %[1]s3"
	selectCount       = "SELECT count(*) FROM accounts WHERE org_id = %[1]s1"
	selectOrg         = "SELECT id FROM organizations WHERE name = 'Bench'"
	updateStatus      = "UPDATE accounts SET previous_status = status, status = %[1]s3, status_at = %[1]s4, updated_at = %[1]s4, version = version + 1 " +
		"WHERE org_id = %[1]s1 AND id = %[1]s2 RETURNING " + barePersonColumns
)

// statusOf is what the column says.
func statusOf(active bool) string {
	if active {
		return "verified"
	}
	return "inactive"
}
