package ldap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"rollcall/directory"
	"rollcall/identity"
)

// ways are how a directory tells what changed.
type way string

const (
	byDirSync  way = "dirsync"  // AD's DirSync control (MS-ADTS 3.1.1.3.4.1.3)
	byUSN      way = "usn"      // AD's update sequence numbers, where DirSync is not to be had
	bySyncrepl way = "syncrepl" // RFC 4533, refreshOnly
	byNothing  way = "none"
)

// The values of the setting "changes".
const (
	ChangesAuto = ""    // by whatever the directory has
	ChangesUSN  = "usn" // by update sequence numbers, though AD may have DirSync
	ChangesOff  = "off"
)

// cursor says up to where a reading knows the directory, and which copy of its data that was.
type cursor struct {
	Way          way               `json:"way"`
	Why          string            `json:"why,omitempty"`      // the directory tells no changes, or cannot be relied on to; a sentence
	Endpoint     string            `json:"endpoint,omitempty"` // the URL of the server, which is asked first
	Server       string            `json:"server,omitempty"`
	InvocationID string            `json:"invocationId,omitempty"`
	USN          int64             `json:"usn,omitempty"`
	Cookies      map[string][]byte `json:"cookies,omitempty"` // by naming context, of syncrepl by base DN
}

func (c cursor) encode() (directory.Cursor, error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("ldap: encode cursor: %w", err)
	}
	return raw, nil
}

// moved says why a cursor is worth nothing to the server that answers now: another one, or the same with older data. AD numbers changes
// on each domain controller, and one that was restored from a backup tells neither an error nor what changed since.
func (c cursor) moved(v server) string {
	switch {
	case c.Server != v.name:
		return fmt.Sprintf("Another server answers (%s) than at the last reading (%s).", v.name, c.Server)
	case c.InvocationID != v.invocationID:
		return fmt.Sprintf("The data of %s are another copy than at the last reading; it was restored or set up anew.", v.name)
	case v.highestUSN < c.USN:
		return fmt.Sprintf("The data of %s are older than at the last reading (%d after %d); it was set back.", v.name, v.highestUSN, c.USN)
	}
	return ""
}

// startCursor asks, before everything is read, from where on changes are to be told later.
func (s *Source) startCursor(ctx context.Context, c *connection, v server) (cursor, error) {
	start := cursor{Endpoint: c.server.String(), Server: v.name, InvocationID: v.invocationID, USN: v.highestUSN}
	none := func(format string, args ...any) (cursor, error) {
		return cursor{Way: byNothing, Why: fmt.Sprintf(format, args...)}, nil
	}
	if s.settings.Changes == ChangesOff {
		return none(`The settings of the connector say so ("changes" is "off").`)
	}
	if untold := s.untold(); untold != "" {
		return none("The filter mentions %s, whose changes no directory tells as changes of the person.", untold)
	}
	if s.settings.Kind != AD {
		return s.startSyncrepl(ctx, c, v, start)
	}
	roots, err := s.roots(v)
	if err != nil {
		return cursor{}, err
	}
	unseen, err := unseenDeletions(ctx, c, roots)
	if err != nil {
		return cursor{}, err
	}
	if unseen != "" {
		return none("%s", unseen)
	}
	if s.settings.Changes != ChangesUSN {
		if start.Cookies, err = s.startDirSync(ctx, c, roots); err == nil {
			start.Way = byDirSync
			return start, nil
		}
		if !answered(err) {
			return cursor{}, err
		}
	}
	if v.highestUSN == 0 {
		return none("The server tells no update sequence number.")
	}
	start.Way = byUSN
	return start, nil
}

// answered reports whether the server itself said no.
func answered(err error) bool {
	var e *ldap.Error
	return errors.As(err, &e) && saidByServer(e) && !passing(err)
}

// roots are the naming contexts of the base DNs, of people and groups.
func (s *Source) roots(v server) ([]string, error) {
	var roots []string
	for _, dn := range s.settings.bases() {
		root := v.contextOf(dn)
		if root == "" {
			return nil, fmt.Errorf("ldap: no naming context of the server holds %q", dn)
		}
		if !slices.Contains(roots, root) {
			roots = append(roots, root)
		}
	}
	return roots, nil
}

// seesDeleted reports whether the account may read what is left of deleted entries. Whoever may not sees a name without attributes, or
// nothing, and no error; and of the entries below not even that.
func seesDeleted(ctx context.Context, c *connection, root string) (bool, error) {
	found, err := c.search(ctx, ldap.NewSearchRequest("CN=Deleted Objects,"+root, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false,
		"(objectClass=*)", []string{attrDeleted}, []ldap.Control{ldap.NewControlMicrosoftShowDeleted()}))
	switch {
	case err != nil && answered(err):
		return false, nil
	case err != nil:
		return false, err
	}
	return len(found.Entries) == 1 && found.Entries[0].GetAttributeValue(attrDeleted) != "", nil
}

// unseenDeletions says why the account does not hear of deletions; empty if it does. It may lose the right at any time, and no answer to a
// question about changes would tell.
func unseenDeletions(ctx context.Context, c *connection, roots []string) (string, error) {
	for _, root := range roots {
		sees, err := seesDeleted(ctx, c, root)
		if err != nil {
			return "", err
		}
		if !sees {
			return fmt.Sprintf("The connector's account may not read CN=Deleted Objects,%s, so it would not hear of deletions; give it the rights to list and to read there (rollcall doctor ldap tells how).", root), nil
		}
	}
	return "", nil
}

// computed are attributes that directories make of other entries, so that their changes are no changes of the entry itself.
var computed = []string{"memberof", "directreports", "tokengroups", "msds-user-account-control-computed", "msds-memberoftransitive"}

// untold names an attribute of the filter whose changes no directory tells; empty if there is none.
func (s *Source) untold() string {
	for _, filter := range s.settings.filters() {
		for _, name := range filterAttributes(filter) {
			if slices.Contains(computed, strings.ToLower(name)) {
				return name
			}
		}
	}
	return ""
}

// Changes tells whose entries may differ since a cursor.
func (s *Source) Changes(ctx context.Context, since directory.Cursor, linked func() ([]identity.ObjectID, error)) (directory.Changes, error) {
	var from cursor
	if err := json.Unmarshal(since, &from); err != nil {
		return directory.Changes{FullReading: "What the last reading left to go on from cannot be read."}, nil
	}
	if from.Way == byNothing {
		return directory.Changes{FullReading: from.Why}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.settings.total())
	defer cancel()
	if e, err := endpointOf(from.Endpoint); err == nil {
		s.prefer(e)
	}
	var changes directory.Changes
	err := s.retry(ctx, func(c *connection) (err error) {
		changes, err = s.changes(ctx, c, from, linked)
		if err == nil {
			s.prefer(c.server)
		}
		return err
	})
	if err != nil {
		return directory.Changes{}, s.explain(ctx, "asking the directory what changed", err)
	}
	return changes, nil
}

func (s *Source) changes(ctx context.Context, c *connection, from cursor, linked func() ([]identity.ObjectID, error)) (directory.Changes, error) {
	v, err := s.whoAnswers(ctx, c)
	if err != nil {
		return directory.Changes{}, err
	}
	if why := from.moved(v); why != "" {
		return directory.Changes{FullReading: why}, nil
	}
	if s.settings.Kind == AD {
		roots, err := s.roots(v)
		if err != nil {
			return directory.Changes{}, err
		}
		if unseen, err := unseenDeletions(ctx, c, roots); err != nil || unseen != "" {
			return directory.Changes{FullReading: unseen}, err
		}
	}
	t := &told{ids: map[identity.ObjectID]bool{}}
	next := from
	next.USN = v.highestUSN
	switch from.Way {
	case byDirSync:
		next.Cookies, err = s.askDirSync(ctx, c, from.Cookies, t)
	case byUSN:
		err = s.askUSN(ctx, c, v, from.USN, t)
	case bySyncrepl:
		next.Cookies, err = s.askSyncrepl(ctx, c, from.Cookies, linked, t)
	default:
		t.full = "What the last reading left to go on from is of another kind."
	}
	var much *tooMuch
	switch {
	case errors.As(err, &much):
		t.full = fmt.Sprintf("The server told of more changes than fit into %d bytes (maxPageBytes).", much.limit)
	case err != nil && answered(err):
		t.full = "The server did not tell what changed: " + s.diagnosis(err) + "."
	case err != nil:
		return directory.Changes{}, err
	}
	if t.full != "" {
		return directory.Changes{FullReading: t.full}, nil
	}
	raw, err := next.encode()
	return directory.Changes{IDs: t.list(), Next: raw, Read: directory.Snapshot{Owns: s.decoder.mapper.Owns(), Complete: true, Server: v.name,
		InvocationID: v.invocationID, HighestUSN: v.highestUSN, ReadAt: s.now()}}, err
}

// told is what a directory told.
type told struct {
	ids  map[identity.ObjectID]bool
	full string // why everything must be read instead
}

func (t *told) list() []identity.ObjectID {
	ids := make([]identity.ObjectID, 0, len(t.ids))
	for id := range t.ids {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
