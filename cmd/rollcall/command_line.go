package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// parse reads the command line and returns what it asks for; nil if that was help, which has been given.
//
// Nothing that it returns holds what the parser knows of all commands: a server would keep that for as long as it runs.
func (g *globalFlags) parse(args []string, settings *settingsFile, stdout, stderr io.Writer) (func(*app) error, error) {
	grammar := struct{ kong.Plugins }{kong.Plugins{g, asked(args, settings)}}
	helped := false
	parser, err := kong.New(&grammar, kong.Name("rollcall"), kong.Writers(stdout, stderr), kong.Resolvers(settings), kong.Exit(func(int) { helped = true }),
		kong.Description("One account per e-mail across every organization, fed by SCIM, directories and administrators."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}))
	if err != nil {
		return nil, err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if helped {
		return nil, nil
	}
	if err != nil {
		return nil, usage(err)
	}
	command, ok := parsed.Selected().Target.Addr().Interface().(interface{ Run(*app) error })
	if !ok {
		return nil, fmt.Errorf("the command %q does nothing", parsed.Command())
	}
	return command.Run, nil
}

// asked returns a pointer to the commands; only to the one that the arguments begin with, if they do. Getting to know all flags of all commands
// takes a quarter of the time in which a server starts. A configuration file is about the flags of the server, whatever the command.
func asked(args []string, settings *settingsFile) any {
	all := slices.Collect(reflect.TypeFor[commands]().Fields())
	name := func(f reflect.StructField) string { return cmp.Or(f.Tag.Get("name"), strings.ToLower(f.Name)) }
	named := func(f reflect.StructField) bool { return len(args) > 0 && name(f) == args[0] }
	if !slices.ContainsFunc(all, named) {
		return new(commands)
	}
	wanted := slices.DeleteFunc(all, func(f reflect.StructField) bool {
		return !named(f) && (settings.path == "" || name(f) != "serve")
	})
	return reflect.New(reflect.StructOf(wanted)).Interface()
}

// usage adds to an error of the command line where to read on.
func usage(err error) error {
	command := "rollcall"
	var p *kong.ParseError
	if errors.As(err, &p) && p.Context != nil && p.Context.Selected() != nil {
		command += " " + p.Context.Selected().Path()
		command = strings.Replace(command, "rollcall rollcall", "rollcall", 1)
	}
	return fmt.Errorf("%w; see %s --help", err, command)
}
