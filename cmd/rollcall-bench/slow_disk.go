package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

//go:embed shim/slow_fsync.c
var slowFsync []byte

// slowDisk compiles a library that adds to every fsync of a program, and returns the environment that has a program load it.
func slowDisk(ctx context.Context, folder string, by time.Duration) ([]string, error) {
	source, library := filepath.Join(folder, "slow_fsync.c"), filepath.Join(folder, "slow_fsync.so")
	if err := os.WriteFile(source, slowFsync, 0o600); err != nil {
		return nil, err
	}
	if out, err := exec.CommandContext(ctx, "cc", "-shared", "-fPIC", "-O2", "-o", library, source, "-ldl").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compile what makes the disk slow: %w\n%s", err, out)
	}
	return []string{"LD_PRELOAD=" + library, "FSYNC_DELAY_US=" + strconv.FormatInt(by.Microseconds(), 10)}, nil
}
