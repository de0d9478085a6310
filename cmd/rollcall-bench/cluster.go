package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// cluster is a PostgreSQL server of our own, by the script that tests use, but one that waits for the disk.
type cluster struct {
	script, folder string
	url            string // of the database "postgres"
}

// startCluster starts the server. It ends with this program, however that ends.
func startCluster(ctx context.Context, folder string) (*cluster, error) {
	fixtures, err := fixturesFolder()
	if err != nil {
		return nil, err
	}
	c := &cluster{script: filepath.Join(fixtures, "postgres.sh"), folder: filepath.Join(folder, "postgres")}
	out, err := c.run(ctx, "start", c.folder, "5433", ownAddress())
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(out) {
		if url, found := strings.CutPrefix(strings.TrimSpace(line), "DATABASE_URL="); found {
			c.url = url
		}
	}
	return c, nil
}

func (c *cluster) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, c.script, args...)
	cmd.Env = append(os.Environ(), "FIXTURE_FSYNC=on", "FIXTURE_OWNER="+strconv.Itoa(os.Getpid()))
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", c.script, args[0], err, said.String())
	}
	return out.String(), nil
}

func (c *cluster) destroy() error {
	_, err := c.run(context.Background(), "destroy", c.folder)
	return err
}

// database makes a database, empty or a copy of another one that nobody is connected to, and returns its URL.
func (c *cluster) database(ctx context.Context, name, copyOf string) (string, error) {
	conn, err := pgx.Connect(ctx, c.url)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is under way
	statement := "CREATE DATABASE " + name
	if copyOf != "" {
		statement += " TEMPLATE " + copyOf
	}
	if _, err := conn.Exec(ctx, statement); err != nil {
		return "", fmt.Errorf("%s: %w", statement, err)
	}
	return strings.Replace(c.url, "/postgres?", "/"+name+"?", 1), nil
}

// settle has the server do now what it would otherwise do while somebody is measured: counting rows and writing to the disk.
func (c *cluster) settle(ctx context.Context, database string) error {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is under way
	for _, statement := range []string{"VACUUM ANALYZE", "CHECKPOINT"} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// ownAddress is a loopback address that only this process listens on, by its pid. Connections go out from 127.0.0.1 and are given ports of that
// address only, so a port that is free here stays free until a server that is yet to start has taken it.
func ownAddress() string {
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d", 1+pid>>16&0x3f, pid>>8&0xff, pid&0xff)
}

// fixturesFolder finds the folder of the scripts above the working directory.
func fixturesFolder() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		candidate := filepath.Join(dir, "fixtures")
		if _, missing := os.Stat(filepath.Join(candidate, "postgres.sh")); missing == nil {
			return candidate, nil
		}
		if dir == filepath.Dir(dir) {
			err = errors.New("no folder above the working directory holds fixtures/postgres.sh; run this where the source is")
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}
