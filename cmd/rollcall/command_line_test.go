package main

import (
	"io"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

// TestCommandsAreTheSameAloneAndAmongAll: a flag before the command keeps it from being looked at alone, and changes nothing else.
func TestCommandsAreTheSameAloneAndAmongAll(t *testing.T) {
	parser, err := kong.New(new(commands), kong.Name("rollcall"))
	require.NoError(t, err)
	require.NotEmpty(t, parser.Model.Children)
	for _, command := range parser.Model.Children {
		t.Run(command.Name, func(t *testing.T) {
			help := func(args ...string) string {
				var text strings.Builder
				run, err := new(globalFlags).parse(append(args, "--help"), &settingsFile{}, &text, io.Discard)
				require.NoError(t, err)
				require.Nil(t, run)
				return text.String()
			}
			alone := help(command.Name)
			require.Contains(t, alone, "Usage: rollcall "+command.Name)
			require.Equal(t, help("--output=text", command.Name), alone)
		})
	}
}

// TestAFileKnowsTheServersFlagsWhateverTheCommand: one file is there for all commands.
func TestAFileKnowsTheServersFlagsWhateverTheCommand(t *testing.T) {
	file := func(key string) *settingsFile {
		return &settingsFile{path: "settings.json", values: map[string]any{key: "x"}, lines: map[string]int{key: 1}}
	}
	for _, command := range []string{"version", "serve"} {
		t.Run(command, func(t *testing.T) {
			run, err := new(globalFlags).parse([]string{command}, file("base-url"), io.Discard, io.Discard)
			require.NoError(t, err)
			require.NotNil(t, run)
			_, err = new(globalFlags).parse([]string{command}, file("base-uri"), io.Discard, io.Discard)
			require.ErrorContains(t, err, `settings.json:1: unknown key "base-uri"; did you mean "base-url"?`)
		})
	}
}
