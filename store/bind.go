package store

import (
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"rollcall/identity"
)

// bind turns every argument into what all drivers take: text, int64, bool or nil. An instant becomes microseconds, the
// zero instant and nil JSON become NULL. Every value that reaches a statement goes through here.
func bind(args []any) ([]any, error) {
	bound := make([]any, len(args))
	for i, arg := range args {
		switch v := arg.(type) {
		case nil, string, bool, int64, looseKey:
			bound[i] = v
		case int:
			bound[i] = int64(v)
		case time.Time:
			if !v.IsZero() {
				bound[i] = v.UnixMicro()
			}
		case json.RawMessage:
			if v != nil {
				bound[i] = string(v)
			}
		case identity.OrgID:
			bound[i] = keyOf(string(v))
		case identity.AccountID:
			bound[i] = keyOf(string(v))
		case identity.EventID:
			bound[i] = keyOf(string(v))
		case identity.TokenID:
			bound[i] = keyOf(string(v))
		case identity.ConnectorID:
			bound[i] = keyOf(string(v))
		case identity.PlanID:
			bound[i] = keyOf(string(v))
		case identity.RunID:
			bound[i] = keyOf(string(v))
		case identity.GroupID:
			bound[i] = keyOf(string(v))
		case identity.SubscriptionID:
			bound[i] = keyOf(string(v))
		case identity.MessageID:
			bound[i] = keyOf(string(v))
		case identity.JobID:
			bound[i] = keyOf(string(v))
		case identity.ClaimID:
			bound[i] = keyOf(string(v))
		case identity.ItemID:
			bound[i] = keyOf(string(v))
		case identity.DeletionID:
			bound[i] = keyOf(string(v))
		case identity.ExchangeID:
			bound[i] = keyOf(string(v))
		case digest:
			sum, err := hex.DecodeString(string(v))
			if err != nil {
				return nil, fmt.Errorf("store: argument %d is no hash: %w", i+1, err)
			}
			bound[i] = sum
		case []byte:
			if v != nil {
				bound[i] = v
			}
		default:
			text := reflect.ValueOf(arg)
			if text.Kind() != reflect.String {
				return nil, fmt.Errorf("store: argument %d is a %T, which has no column type", i+1, arg)
			}
			bound[i] = text.String()
		}
	}
	return bound, nil
}

// orNull is NULL for the empty text.
func orNull[S ~string](s S) any {
	if s == "" {
		return nil
	}
	return s
}

// instant scans microseconds into a time in UTC; NULL is the zero time.
type instant struct{ *time.Time }

func (t instant) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t.Time = time.Time{}
	case int64:
		*t.Time = time.UnixMicro(v).UTC()
	default:
		return fmt.Errorf("an instant is stored as a whole number, not as a %T", src)
	}
	return nil
}

// text scans a text column into any string type; NULL is the empty text.
func text[S ~string](s *S) sql.Scanner { return textColumn[S]{s} }

type textColumn[S ~string] struct{ to *S }

func (t textColumn[S]) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t.to = ""
	case string:
		*t.to = S(v)
	case []byte:
		*t.to = S(v)
	default:
		return fmt.Errorf("a text is stored as text, not as a %T", src)
	}
	return nil
}

// document scans a JSON column; NULL is nil.
type document struct{ *json.RawMessage }

func (d document) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*d.RawMessage = nil
	case string:
		*d.RawMessage = json.RawMessage(v)
	case []byte:
		*d.RawMessage = json.RawMessage(string(v))
	default:
		return fmt.Errorf("a document is stored as text, not as a %T", src)
	}
	return nil
}

// digest is a SHA-256 in hexadecimal, which is stored as the bytes that it spells.
type digest string

// digestColumn scans a digest; no bytes and NULL are the empty text.
type digestColumn struct{ *string }

func (d digestColumn) Scan(src any) error {
	b, ok := src.([]byte)
	if !ok && src != nil {
		return fmt.Errorf("a hash is stored as bytes, not as a %T", src)
	}
	*d.string = hex.EncodeToString(b)
	return nil
}

const emptyList = "[]"

// addressList scans the JSON of an account's addresses; an empty list is nil.
type addressList struct{ to *[]identity.AccountEmail }

func (l addressList) Scan(src any) error {
	var s string
	if err := text(&s).Scan(src); err != nil {
		return err
	}
	*l.to = nil
	if s == emptyList {
		return nil
	}
	return json.Unmarshal([]byte(s), l.to)
}

func encodeAddresses(emails []identity.AccountEmail) (string, error) {
	if len(emails) == 0 {
		return emptyList, nil
	}
	b, err := json.Marshal(emails)
	return string(b), err
}
