package store

import (
	"bytes"
	"database/sql/driver"
	"encoding/binary"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// heldRows are rows that have been read to their end, of one question or of several.
type heldRows struct {
	columns [][]string
	rows    [][][]driver.Value
}

func (r *heldRows) Columns() []string      { return r.columns[0] }
func (r *heldRows) Close() error           { return nil }
func (r *heldRows) HasNextResultSet() bool { return len(r.rows) > 1 }

// NextResultSet goes on to the rows of the next question.
func (r *heldRows) NextResultSet() error {
	if !r.HasNextResultSet() {
		return io.EOF
	}
	r.columns, r.rows = r.columns[1:], r.rows[1:]
	return nil
}

func (r *heldRows) Next(dest []driver.Value) error {
	if len(r.rows[0]) == 0 {
		return io.EOF
	}
	copy(dest, r.rows[0][0])
	r.rows[0] = r.rows[0][1:]
	return nil
}

// read adds the rows of a question.
func (r *heldRows) read(found pgx.Rows, types *pgtype.Map) error {
	defer found.Close()
	fields := found.FieldDescriptions()
	columns := make([]string, len(fields))
	for i, f := range fields {
		columns[i] = f.Name
	}
	var rows [][]driver.Value
	for found.Next() {
		row := make([]driver.Value, len(fields))
		for i, raw := range found.RawValues() {
			var err error
			if row[i], err = load(&fields[i], raw, types); err != nil {
				return err
			}
		}
		rows = append(rows, row)
	}
	r.columns, r.rows = append(r.columns, columns), append(r.rows, rows)
	return found.Err()
}

// load returns what a column holds, as drivers do.
func load(f *pgconn.FieldDescription, raw []byte, types *pgtype.Map) (driver.Value, error) {
	if raw == nil {
		return nil, nil
	}
	inBytes := f.Format == pgtype.BinaryFormatCode
	switch {
	case f.DataTypeOID == pgtype.TextOID:
		return loaded(string(raw)), nil
	case inBytes && f.DataTypeOID == pgtype.ByteaOID:
		return bytes.Clone(raw), nil
	case inBytes && f.DataTypeOID == pgtype.Int8OID && len(raw) == 8:
		return int64(binary.BigEndian.Uint64(raw)), nil
	case inBytes && f.DataTypeOID == pgtype.Int4OID && len(raw) == 4:
		return int64(int32(binary.BigEndian.Uint32(raw))), nil
	case inBytes && f.DataTypeOID == pgtype.BoolOID && len(raw) == 1:
		return raw[0] != 0, nil
	}
	var v any
	if err := types.Scan(f.DataTypeOID, f.Format, raw, &v); err != nil {
		return nil, err
	}
	return driver.DefaultParameterConverter.ConvertValue(v)
}
