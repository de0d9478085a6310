package main

import (
	"fmt"
	"io"

	"rollcall/identity"
	"rollcall/internal/seal"
)

type keyCmd struct {
	Create keyCreateCmd `cmd:"" help:"Make a file with a new key, or put a new key before those in it."`
	List   keyListCmd   `cmd:"" help:"Name the keys in a file, the one that seals first; the keys themselves are not shown."`
	Reseal keyResealCmd `cmd:"" help:"Seal everything anew with the first key, so that the others can be taken out of the file."`
}

// keyFileArg is a file of keys.
type keyFileArg struct {
	File string `arg:"" placeholder:"FILE" help:"The file of keys, as in --secret-key-file."`
}

type keyCreateCmd struct {
	keyFileArg
	Add bool `help:"Put a new key before those in the file: it seals from then on, and the others still open."`
}

// Help says what hangs on the file.
func (keyCreateCmd) Help() string {
	return "Passwords of connectors are kept in the database sealed with this key. Keep a copy of the file, and not beside the copies of the database: " +
		"without it they have to be given anew, and with both anybody can read them. A running server reads the file when it starts."
}

// Run makes the key.
func (c *keyCreateCmd) Run(a *app) error {
	create := seal.Create
	if c.Add {
		create = seal.Add
	}
	id, err := create(c.File)
	if err != nil {
		return err
	}
	if c.Add {
		a.say("Next: restart the servers, then rollcall key reseal --secret-key-file %s", c.File)
	} else {
		a.say("Name it with --secret-key-file %s, and keep a copy apart from those of the database.", c.File)
	}
	created := struct {
		Key  string `json:"key"`
		File string `json:"file"`
	}{id, c.File}
	return a.show(created, func(w io.Writer) error { return properties(w, "key", id, "file", c.File) })
}

type keyListCmd struct{ keyFileArg }

// Run names the keys.
func (c *keyListCmd) Run(a *app) error {
	keys, err := seal.Read(c.File)
	if err != nil {
		return err
	}
	return a.show(keys.IDs(), func(w io.Writer) error {
		for i, id := range keys.IDs() {
			does := "opens"
			if i == 0 {
				does = "seals and opens"
			}
			if _, err := fmt.Fprintln(w, id, does); err != nil {
				return err
			}
		}
		return nil
	})
}

type keyResealCmd struct {
	storeFlag
	accessFlags
}

// resealed is what became of the passwords.
type resealed struct {
	Key      string   `json:"key"`
	Resealed int      `json:"resealed"`
	Current  int      `json:"current"` // were sealed with the key already
	Failed   []string `json:"failed,omitempty"`
}

// Run seals every connector's password with the first key. What does not open is named, and keeps nothing else waiting.
func (c *keyResealCmd) Run(a *app) error {
	if c.SecretKeyFile == "" {
		return bad("secret-key-file", "name the file of the keys")
	}
	return a.onStore(c.storeFlag, func(s *session) error {
		d, err := c.directories(s.service.Now)
		if err != nil {
			return err
		}
		all, err := organizations(s.ctx, s.read)
		if err != nil {
			return err
		}
		done := resealed{Key: d.keys.IDs()[0]}
		for _, o := range all {
			connectors, err := s.read.Connectors(s.ctx, o.ID)
			if err != nil {
				return err
			}
			for _, n := range connectors {
				if err := s.reseal(d, n, &done); err != nil {
					done.Failed = append(done.Failed, fmt.Sprintf("%s of %s: %s", n.Name, o.Name, err))
				}
			}
		}
		err = s.show(done, func(w io.Writer) error {
			pairs := []string{"key", done.Key, "sealed anew", fmt.Sprint(done.Resealed), "were so already", fmt.Sprint(done.Current)}
			for _, failed := range done.Failed {
				pairs = append(pairs, "FAILED", failed)
			}
			return properties(w, pairs...)
		})
		switch {
		case err != nil:
			return err
		case len(done.Failed) > 0:
			return exit(1)
		}
		s.say("The other keys can be taken out of the file, unless copies of the database of before are still wanted.")
		return nil
	})
}

func (s *session) reseal(d *directories, n identity.Connector, done *resealed) error {
	if n.Secret == "" {
		return nil
	}
	if d.keys.Current(n.Secret) {
		done.Current++
		return nil
	}
	password, err := d.unseal(n)
	if err != nil {
		return err
	}
	anew, err := d.seal(n, password)
	if err != nil {
		return err
	}
	if err := s.service.ResealConnector(s.ctx, s.by, n.Org, n.ID, n.Secret, anew); err != nil {
		return err
	}
	done.Resealed++
	return nil
}
