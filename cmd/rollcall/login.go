package main

import (
	"context"
	"errors"
)

func (a *app) loggedIn(server string) (func(context.Context) (string, error), error) {
	return nil, errors.New("--server needs an administrator's token; log in with rollcall login, or set ROLLCALL_TOKEN or --token")
}
