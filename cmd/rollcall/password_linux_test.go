package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// openTerminal opens a terminal at which nobody types anything, and returns the program's end of it.
func openTerminal(t *testing.T) *os.File {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = person.Close() })
	var locked, number int32
	ioctl(t, person, syscall.TIOCSPTLCK, unsafe.Pointer(&locked))
	ioctl(t, person, syscall.TIOCGPTN, unsafe.Pointer(&number))
	program, err := os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = program.Close() })
	return program
}

func ioctl(t *testing.T, f *os.File, request uintptr, into unsafe.Pointer) {
	_, _, failed := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(into))
	require.Zero(t, failed)
}

func TestWhoeverIsInterruptedBeforeThePasswordHasATerminalThatShowsWhatIsTyped(t *testing.T) {
	terminal := openTerminal(t)
	shows := func() bool {
		var settings syscall.Termios
		ioctl(t, terminal, syscall.TCGETS, unsafe.Pointer(&settings))
		return settings.Lflag&syscall.ECHO != 0
	}
	require.True(t, shows())
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- (&directoryFlags{BindPasswordStdin: true}).readPassword(&app{ctx: ctx, stdin: terminal, stderr: io.Discard})
	}()
	require.Eventually(t, func() bool { return !shows() }, time.Minute, time.Millisecond)
	interrupt()
	select {
	case err := <-ended:
		require.ErrorIs(t, err, context.Canceled)
	case <-time.After(10 * time.Second):
		require.Fail(t, "it still waits for the password")
	}
	require.True(t, shows())
}
