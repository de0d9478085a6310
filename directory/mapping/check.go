package mapping

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"rollcall/directory"
)

// The bounds of a source. They are far above what people write and keep one entry's worth of work small.
const (
	maxDepth        = 4    // objects in each other
	maxSources      = 8    // of a first or a join
	maxParts        = 32   // sources in one source, all together
	maxConstant     = 256  // bytes
	maxSeparator    = 16   // bytes
	maxPattern      = 256  // bytes
	maxInstructions = 2000 // of a compiled pattern: a{1000} is short to write and long to run
)

// required are the paths that a mapping cannot do without.
var required = []string{"userName", "emails"}

// Check refuses a mapping that cannot work with a schema. Every error names the field and what to do.
func (m Mapping) Check(kind string) error {
	all := m.WithDefaults(kind)
	for _, path := range all.Owns() {
		field := "mapping." + path
		if !slices.Contains(required, path) && path != "externalId" && !directory.KnownAttribute(path) {
			return invalid(field, `%q is not an attribute that a directory can fill; use userName, emails, externalId, or one like name.givenName, title, phoneNumbers[type eq "work"].value`, path)
		}
		parts := 0
		if err := all[path].check(field, 0, &parts); err != nil {
			return err
		}
	}
	for _, path := range required {
		s, there := all[path]
		if !there {
			return invalid("mapping."+path, "nothing is mapped to %s, and nobody can be synchronized without it", path)
		}
		if !s.varies() {
			return invalid("mapping."+path, "a constant would give everybody the same %s; name an attribute", path)
		}
	}
	return nil
}

func (s Source) check(field string, depth int, parts *int) error {
	if *parts++; *parts > maxParts {
		return invalid(field, "the source has more than %d parts; leave some out", maxParts)
	}
	forms := s.forms()
	if forms == 0 {
		if !attributeName(s.Attribute) {
			return invalid(field, "%q is not the name of an LDAP attribute", s.Attribute)
		}
		return nil
	}
	if depth++; depth > maxDepth {
		return tooDeep(field)
	}
	if forms > 1 || s.Attribute != "" {
		return invalid(field, "more than one form is filled in; nest one in the other")
	}
	if s.Separator != "" {
		if s.Join == nil {
			return invalid(field+".separator", "a separator belongs to join; leave it out here")
		}
		if err := plainText(field+".separator", s.Separator, maxSeparator); err != nil {
			return err
		}
	}
	if s.Pattern != "" && s.Match == nil {
		return invalid(field+".pattern", "a pattern belongs to match; leave it out here")
	}
	switch {
	case s.Constant != "":
		if strings.TrimSpace(s.Constant) == "" {
			return invalid(field+".constant", "the constant is made of spaces only; give it a text")
		}
		return plainText(field+".constant", s.Constant, maxConstant)
	case s.First != nil:
		return checkList(field+".first", s.First, depth, parts)
	case s.Join != nil:
		return checkList(field+".join", s.Join, depth, parts)
	case s.Lower != nil:
		return s.Lower.check(field+".lower", depth, parts)
	}
	if err := checkPattern(field+".pattern", s.Pattern); err != nil {
		return err
	}
	return s.Match.check(field+".match", depth, parts)
}

func checkList(field string, list []Source, depth int, parts *int) error {
	if len(list) == 0 || len(list) > maxSources {
		return invalid(field, "there are %d sources; give 1 to %d", len(list), maxSources)
	}
	for i, s := range list {
		if err := s.check(fmt.Sprintf("%s[%d]", field, i), depth, parts); err != nil {
			return err
		}
	}
	return nil
}

func checkPattern(field, pattern string) error {
	switch {
	case pattern == "":
		return invalid(field, `match needs a pattern with one group around what to take, like "^([^@]+)@"`)
	case len(pattern) > maxPattern:
		return invalid(field, "the pattern has %d bytes; use at most %d", len(pattern), maxPattern)
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return invalid(field, "the pattern is not a regular expression (RE2): %v", err)
	}
	if n := parsed.MaxCap(); n != 1 {
		return invalid(field, `the pattern has %d groups; put one pair of parentheses around what to take, and write others as (?:…)`, n)
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return invalid(field, "the pattern is not a regular expression (RE2): %v", err)
	}
	if n := len(program.Inst); n > maxInstructions {
		return invalid(field, "the pattern comes to %d instructions; at most %d are allowed, so lower its repetitions", n, maxInstructions)
	}
	_, err = regexp.Compile(pattern)
	return err
}

func plainText(field, s string, most int) error {
	switch {
	case len(s) > most:
		return invalid(field, "the text has %d bytes; use at most %d", len(s), most)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return invalid(field, "the text holds control characters; leave them out")
	}
	return nil
}

// varies reports whether the source depends on the entry at all.
func (s Source) varies() bool {
	switch {
	case s.Constant != "":
		return false
	case s.Lower != nil:
		return s.Lower.varies()
	case s.Match != nil:
		return s.Match.varies()
	}
	return s.Attribute != "" || slices.ContainsFunc(s.First, Source.varies) || slices.ContainsFunc(s.Join, Source.varies)
}

// attributeName is a descriptor or a numeric OID (RFC 4512 section 2.5).
func attributeName(s string) bool {
	return s != "" && len(s) <= 128 && !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '.')
	})
}
