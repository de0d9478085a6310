package scim

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/elimity-com/scim/schema"
)

// Types are the resource types that an operator registered, and the extensions of User and Group. The zero value has none.
type Types struct {
	added    []registeredType
	extended map[string][]extension // by the name of the built-in type
}

// registeredType is a resource type of the operator's.
type registeredType struct {
	name        string
	endpoint    string // without the slash
	description string
	core        schema.Schema
	extensions  []extension
}

// extension is a schema that extends a type; resources of the type must have it if it is required.
type extension struct {
	schema   schema.Schema
	required bool
}

// ReadTypes reads what an operator registers: a JSON file, or every file of a folder whose name ends in ".json". A file has
// "schemas" and "resourceTypes", whose elements look as they do at /Schemas and /ResourceTypes (RFC 7643 sections 6 and 7).
// An error names the file and the place in it.
func ReadTypes(path string) (Types, error) {
	files := []string{path}
	info, err := os.Stat(path)
	if err != nil {
		return Types{}, err
	}
	if info.IsDir() {
		if files, err = filesIn(path); err != nil {
			return Types{}, err
		}
	}
	d := definitions{schemas: map[string]definition{}}
	var types []part
	for _, file := range files {
		whole, err := readPart(file)
		if err != nil {
			return Types{}, err
		}
		if err := whole.only("schemas", "resourceTypes"); err != nil {
			return Types{}, err
		}
		schemas, err := whole.parts("schemas")
		if err != nil {
			return Types{}, err
		}
		for _, p := range schemas {
			if err := d.add(p); err != nil {
				return Types{}, err
			}
		}
		more, err := whole.parts("resourceTypes")
		if err != nil {
			return Types{}, err
		}
		types = append(types, more...)
	}
	if len(types) == 0 {
		return Types{}, fmt.Errorf("%s: \"resourceTypes\" is empty, so nothing is registered", path)
	}
	return d.types(types)
}

// filesIn lists the JSON files of a folder in the order of their names.
func filesIn(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && strings.HasSuffix(e.Name(), ".json") {
			files = append(files, filepath.Join(folder, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: the folder has no file whose name ends in .json", folder)
	}
	return files, nil
}

// part is a JSON object of a file, and where it stands.
type part struct {
	file    string
	path    string // "schemas[0].attributes[2]"; empty for the whole file
	members map[string]any
}

func readPart(file string) (part, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return part{}, err
	}
	members, err := decodeObject(raw)
	var syntax *syntaxError
	if errors.As(err, &syntax) {
		line := 1 + strings.Count(string(raw[:min(syntax.pos, len(raw))]), "\n")
		return part{}, fmt.Errorf("%s:%d: this is not valid JSON: %s", file, line, syntax.text)
	}
	return part{file: file, members: members}, err
}

// refuse says what is wrong with a member, or with the part itself if key is empty.
func (p part) refuse(key, format string, args ...any) error {
	at := p.path
	if at != "" && key != "" {
		at += "."
	}
	if at += key; at != "" {
		at += ": "
	}
	return fmt.Errorf("%s: %s%s", p.file, at, fmt.Sprintf(format, args...))
}

// only refuses members that nobody would read: most likely they are misspelt.
func (p part) only(known ...string) error {
	for _, key := range slices.Sorted(maps.Keys(p.members)) {
		if !slices.Contains(known, key) {
			return p.refuse(key, "there is no such member; the members are %s", strings.Join(known, ", "))
		}
	}
	return nil
}

// text reads a text; what is not there is empty.
func (p part) text(key string) (string, error) {
	v := p.members[key]
	s, ok := v.(string)
	if v != nil && !ok {
		return "", p.refuse(key, "must be a text")
	}
	return s, nil
}

// word reads a text that must be one of a few; what is not there is the first of them.
func (p part) word(key string, words ...string) (string, error) {
	s, err := p.text(key)
	switch {
	case err != nil:
		return "", err
	case s == "":
		return words[0], nil
	case !slices.Contains(words, s):
		return "", p.refuse(key, "is %q; it must be one of %s", s, strings.Join(words, ", "))
	}
	return s, nil
}

func (p part) flag(key string) (bool, error) {
	v := p.members[key]
	b, ok := v.(bool)
	if v != nil && !ok {
		return false, p.refuse(key, "must be true or false")
	}
	return b, nil
}

func (p part) texts(key string) ([]string, error) {
	list, err := p.list(key)
	texts := make([]string, len(list))
	for i, v := range list {
		s, ok := v.(string)
		if !ok {
			return nil, p.refuse(fmt.Sprintf("%s[%d]", key, i), "must be a text")
		}
		texts[i] = s
	}
	return texts, err
}

func (p part) list(key string) ([]any, error) {
	v := p.members[key]
	list, ok := v.([]any)
	if v != nil && !ok {
		return nil, p.refuse(key, "must be an array")
	}
	return list, nil
}

// parts reads an array of objects.
func (p part) parts(key string) ([]part, error) {
	list, err := p.list(key)
	all := make([]part, len(list))
	for i, v := range list {
		at := fmt.Sprintf("%s[%d]", key, i)
		members, ok := v.(map[string]any)
		if !ok {
			return nil, p.refuse(at, "must be an object")
		}
		if p.path != "" {
			at = p.path + "." + at
		}
		all[i] = part{file: p.file, path: at, members: members}
	}
	return all, err
}
