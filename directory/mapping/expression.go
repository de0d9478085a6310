package mapping

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxValueBytes bounds every value, as it is read and as it is made.
const maxValueBytes = 32 << 10

// expression is a source made ready to be evaluated.
type expression struct {
	source  Source
	slot    int // of an attribute: its place in a record
	of      []expression
	pattern *regexp.Regexp
}

// compile makes a source that was checked ready. slot gives the place of an attribute.
func compile(s Source, slot func(string) int) expression {
	e := expression{source: s}
	parts := append(append([]Source{}, s.First...), s.Join...)
	switch {
	case s.forms() == 0:
		e.slot = slot(s.Attribute)
	case s.Lower != nil:
		parts = append(parts, *s.Lower)
	case s.Match != nil:
		parts = append(parts, *s.Match)
		e.pattern = regexp.MustCompile(s.Pattern)
	}
	for _, part := range parts {
		e.of = append(e.of, compile(part, slot))
	}
	return e
}

// values evaluates the expression. problem says why that cannot be done, as a sentence.
func (e *expression) values(r record) (values []string, problem string) {
	s := &e.source
	switch {
	case s.Constant != "":
		return []string{strings.TrimSpace(s.Constant)}, ""
	case s.First != nil:
		for i := range e.of {
			if values, problem = e.of[i].values(r); problem != "" || len(values) > 0 {
				return values, problem
			}
		}
		return nil, ""
	case s.Join != nil:
		return e.join(r)
	case s.Lower != nil, s.Match != nil:
		return e.each(r)
	}
	return r[e.slot].texts()
}

// join returns one value, or none if no attribute has one: constants alone say nothing about anybody.
func (e *expression) join(r record) ([]string, string) {
	var parts []string
	size, any := 0, false
	for i := range e.of {
		values, problem := e.of[i].values(r)
		if problem != "" {
			return nil, problem
		}
		if len(values) == 0 {
			continue
		}
		parts = append(parts, values[0])
		size += len(values[0]) + len(e.source.Separator)
		any = any || e.of[i].source.varies()
	}
	switch {
	case !any && e.source.varies():
		return nil, ""
	case size > maxValueBytes:
		return nil, fmt.Sprintf("What is joined has %d bytes; at most %d are taken.", size, maxValueBytes)
	}
	return []string{strings.TrimSpace(strings.Join(parts, e.source.Separator))}, ""
}

// each changes every value by itself.
func (e *expression) each(r record) ([]string, string) {
	values, problem := e.of[0].values(r)
	if problem != "" {
		return nil, problem
	}
	var out []string
	for _, value := range values {
		if e.pattern == nil {
			value = strings.ToLower(value)
		} else if found := e.pattern.FindStringSubmatch(value); found != nil {
			value = strings.TrimSpace(found[1])
		} else {
			value = ""
		}
		if value != "" {
			out = append(out, value)
		}
	}
	return out, ""
}

// record holds the raw values of one entry, by slot.
type record []slot

// slot is one attribute of an entry.
type slot struct {
	name    string
	raw     [][]byte
	read    bool
	text    []string
	problem string
}

// texts returns the values as texts, checking them the first time.
func (s *slot) texts() ([]string, string) {
	if s.read || s.problem != "" {
		return s.text, s.problem
	}
	s.read = true
	for _, value := range s.raw {
		switch {
		case len(value) > maxValueBytes:
			s.problem = fmt.Sprintf("A value of the attribute %s has %d bytes; at most %d are read.", s.name, len(value), maxValueBytes)
		case !utf8.Valid(value) || bytes.IndexByte(value, 0) >= 0:
			s.problem = fmt.Sprintf("A value of the attribute %s is not text (UTF-8).", s.name)
		}
		if s.problem != "" {
			s.text = nil
			return nil, s.problem
		}
		if text := strings.TrimSpace(string(value)); text != "" {
			s.text = append(s.text, text)
		}
	}
	return s.text, ""
}
