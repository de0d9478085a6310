package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// settingsFile is a configuration file: a JSON object whose keys are names of flags. It gives values to flags that neither the
// command line nor the environment sets.
type settingsFile struct {
	path   string
	values map[string]any
	lines  map[string]int // where each key stands
}

// configFile finds the configuration file in the arguments or the environment and reads it. It must be known before the
// arguments are parsed, because it takes part in that. Without one the settings are empty.
func configFile(args []string) (*settingsFile, error) {
	path := os.Getenv("ROLLCALL_CONFIG")
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--config="); ok {
			path = value
		} else if arg == "--config" && i+1 < len(args) {
			path = args[i+1]
		}
	}
	if path == "" {
		return &settingsFile{}, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the configuration file cannot be read: %w", err)
	}
	return readSettings(path, raw)
}

// readSettings reads the object key by key, so that errors can name the line.
func readSettings(path string, raw []byte) (*settingsFile, error) {
	s := &settingsFile{path: path, values: map[string]any{}, lines: map[string]int{}}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	line := func() int { return 1 + bytes.Count(raw[:dec.InputOffset()], []byte("\n")) }
	broken := func(err error) error {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return fmt.Errorf("%s:%d: this is not valid JSON: %w", path, 1+bytes.Count(raw[:min(int(syntax.Offset), len(raw))], []byte("\n")), err)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("%s:%d: the file ends in the middle of the object", path, line())
		}
		return fmt.Errorf("%s:%d: this is not valid JSON: %w", path, line(), err)
	}
	start, err := dec.Token()
	if err != nil {
		return nil, broken(err)
	}
	if start != json.Delim('{') {
		return nil, fmt.Errorf("%s:%d: the file must be one JSON object, such as {\"listen\": \"127.0.0.1:8080\"}", path, line())
	}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, broken(err)
		}
		key, _ := token.(string)
		if first, twice := s.lines[key]; twice {
			return nil, fmt.Errorf("%s:%d: the key %q stands in line %d already; keep one of the two", path, line(), key, first)
		}
		s.lines[key] = line()
		var value any
		if err := dec.Decode(&value); err != nil {
			return nil, broken(err)
		}
		s.values[key] = value
	}
	if _, err := dec.Token(); err != nil {
		return nil, broken(err)
	}
	if dec.More() {
		return nil, fmt.Errorf("%s:%d: something follows the object; remove it", path, line())
	}
	return s, nil
}

// notInFile are flags that only make sense for one call.
var notInFile = []string{"config", "help"}

// Validate refuses keys that are no flags of the server, with the nearest ones.
func (s *settingsFile) Validate(application *kong.Application) error {
	known := settingNames(application)
	for _, key := range sortedKeys(s.lines) {
		if line := s.lines[key]; !slices.Contains(known, key) {
			return fmt.Errorf("%s:%d: unknown key %q%s; the keys are %s", s.path, line, key, nearest(key, known), strings.Join(known, ", "))
		}
	}
	return nil
}

// settingNames lists the flags of every command together with those of the server.
func settingNames(application *kong.Application) []string {
	var names []string
	add := func(flags []*kong.Flag) {
		for _, f := range flags {
			if !slices.Contains(notInFile, f.Name) {
				names = append(names, f.Name)
			}
		}
	}
	add(application.Flags)
	for _, command := range application.Children {
		if command.Name == "serve" {
			add(command.Flags)
		}
	}
	slices.Sort(names)
	return names
}

// Resolve gives a flag its value from the file, unless the environment has one.
func (s *settingsFile) Resolve(context *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	value, ok := s.values[flag.Name]
	if !ok || !slices.Contains(settingNames(context.Model), flag.Name) || context.Command() == "demo" {
		return nil, nil
	}
	for _, name := range flag.Envs {
		if os.Getenv(name) != "" {
			return nil, nil
		}
	}
	text, err := settingValue(value, flag.IsSlice())
	if err == nil && flag.Enum != "" && !slices.Contains(strings.Split(flag.Enum, ","), fmt.Sprint(text)) {
		err = fmt.Errorf("is %q; use one of %s", fmt.Sprint(text), strings.ReplaceAll(flag.Enum, ",", ", "))
	}
	if err == nil {
		err = readable(flag, text)
	}
	if err != nil {
		return nil, fmt.Errorf("%s:%d: the value of %q %w", s.path, s.lines[flag.Name], flag.Name, err)
	}
	return text, nil
}

// readable tries the flag's own parser, so that its error can name the place in the file.
func readable(flag *kong.Flag, value any) error {
	if flag.Target.Type() != reflect.TypeFor[time.Duration]() {
		return nil
	}
	text, _ := value.(string)
	if _, err := time.ParseDuration(text); err != nil {
		return fmt.Errorf("is no duration; use a text such as \"30s\" or \"5m\"")
	}
	return nil
}

// place adds to an error about settings where in the file the first of them stands, if it does.
func (s *settingsFile) place(err error) error {
	var bad *badSetting
	if !errors.As(err, &bad) {
		return err
	}
	for _, key := range bad.keys {
		if line, ok := s.lines[key]; ok {
			return fmt.Errorf("%s:%d: %w", s.path, line, err)
		}
	}
	return err
}

// badSetting is a value that was read and cannot be used.
type badSetting struct {
	keys []string
	err  error
}

func (e *badSetting) Error() string { return strings.Join(e.keys, ", ") + ": " + e.err.Error() }
func (e *badSetting) Unwrap() error { return e.err }

// bad makes a badSetting of the keys, which are separated by blanks.
func bad(keys, format string, args ...any) error {
	return &badSetting{keys: strings.Fields(keys), err: fmt.Errorf(format, args...)}
}

// settingValue brings a JSON value into the form that the flag's own parser reads.
func settingValue(value any, list bool) (any, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return v, nil
	case []any:
		if !list {
			return nil, errors.New("is a list; give one value")
		}
		for _, element := range v {
			if _, ok := element.(string); !ok {
				return nil, errors.New("must be a list of texts")
			}
		}
		return v, nil
	}
	return nil, errors.New("must be a text, a number, true, false or a list of texts")
}

// nearest suggests the key that was probably meant.
func nearest(key string, known []string) string {
	best, distance := "", 3
	for _, name := range known {
		if d := editDistance(strings.ReplaceAll(strings.ToLower(key), "_", "-"), name); d < distance {
			best, distance = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// editDistance counts the letters to change, add or take away (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
