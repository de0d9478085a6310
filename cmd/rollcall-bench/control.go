package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/pprof"
	"time"
)

// controlCmd is this program started again as one of the servers to compare with.
type controlCmd struct {
	Kind     string `arg:"" enum:"echo,bare,elimity,scim" help:"echo, bare, elimity or scim."`
	Database string `help:"What bare and scim work on."`
	People   int    `help:"How many people elimity begins with."`
	OneByOne bool   `help:"Have scim commit once for each request."`

	CPUProfile string `name:"cpu-profile" help:"Write here what the time goes to."`
}

func (c *controlCmd) Run(a *app) (err error) {
	handler, stop, err := c.handler(a.ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if c.CPUProfile != "" {
		f, err := os.Create(c.CPUProfile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	a.say("Listening on http://%s", l.Addr())
	s := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	context.AfterFunc(a.ctx, func() { _ = s.Close() }) // nobody is being measured any more
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// handler makes the control; stop ends what is behind it.
func (c *controlCmd) handler(ctx context.Context) (h http.Handler, stop func() error, err error) {
	switch c.Kind {
	case "echo":
		return http.HandlerFunc(echo), func() error { return nil }, nil
	case "elimity":
		h, err := newElimity(c.People)
		return h, func() error { return nil }, err
	case "bare":
		rows, err := openBare(ctx, c.Database)
		if err != nil {
			return nil, nil, err
		}
		return newBare(rows), rows.close, nil
	case "scim":
		return newOneByOne(ctx, c.Database, c.OneByOne)
	}
	return nil, nil, fmt.Errorf("there is no control %q", c.Kind)
}
