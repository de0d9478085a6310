package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a server that was started here. Its log goes to a file, as it would where it is installed.
type process struct {
	cmd   *exec.Cmd
	log   string
	url   string // that it says it listens on
	ready time.Duration
	ended chan struct{}
}

// startLimit is how long a server may take until it listens.
const startLimit = time.Minute

// start runs a server until it listens.
func start(ctx context.Context, folder, name string, env []string, program string, args ...string) (*process, error) {
	log, err := os.CreateTemp(folder, name+"-*.log")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p := &process{cmd: exec.CommandContext(ctx, program, args...), log: log.Name(), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		_ = p.cmd.Wait() // its log says what it was
		close(p.ended)
	}()
	for time.Since(began) < startLimit {
		if p.url = p.listening(); p.url != "" {
			p.ready = time.Since(began)
			return p, nil
		}
		select {
		case <-p.ended:
			return nil, fmt.Errorf("%s ended while it started:\n%s", name, p.lastWords())
		case <-time.After(time.Millisecond):
		}
	}
	return nil, errors.Join(fmt.Errorf("%s does not listen after %s:\n%s", name, startLimit, p.lastWords()), p.stop())
}

func (p *process) listening() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if url, found := strings.CutPrefix(line, "Listening on "); found && strings.HasSuffix(url, "\n") {
			return strings.TrimSpace(url)
		}
	}
	return ""
}

func (p *process) lastWords() string {
	text, _ := os.ReadFile(p.log) // what cannot be read is not shown
	return string(text[max(0, len(text)-2000):])
}

// stop lets the server finish.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(os.Interrupt) // if it has ended already, that is what is wanted
	select {
	case <-p.ended:
		return nil
	case <-time.After(30 * time.Second):
		return p.cmd.Process.Kill()
	}
}

// memory is what a process has in physical memory, in MiB.
type memory struct {
	peak float64 // the most it ever had
	own  float64 // what it has now that is not a page of a file, such as the program itself
}

// memoryOf asks the system about a process.
func memoryOf(pid int) (m memory, err error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return m, err
	}
	found := 0
	for line := range strings.Lines(string(text)) {
		for name, to := range map[string]*float64{"VmHWM:": &m.peak, "RssAnon:": &m.own} {
			var kilobytes float64
			if value, is := strings.CutPrefix(line, name); is {
				n, _ := fmt.Sscanf(value, "%f kB", &kilobytes) // n says whether it is a number
				found += n
				*to = kilobytes / 1024
			}
		}
	}
	if found != 2 {
		return m, errors.New("the system does not say how much memory a process has")
	}
	return m, nil
}

// idle returns what the process needs when it has had a second to come to rest.
func (p *process) idle() (memory, error) {
	time.Sleep(time.Second)
	return p.memory()
}

func (p *process) memory() (memory, error) { return memoryOf(p.cmd.Process.Pid) }

// waitReady asks until the server says that it can work, and returns how long that was after it had been started.
func (p *process) waitReady(ctx context.Context, began time.Time) (time.Duration, error) {
	for time.Since(began) < startLimit {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/readyz", nil)
		if err != nil {
			return 0, err
		}
		if resp, err := http.DefaultClient.Do(r); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return time.Since(began), nil
			}
		}
		time.Sleep(time.Millisecond)
	}
	return 0, fmt.Errorf("not ready after %s:\n%s", startLimit, p.lastWords())
}

// metric reads one of the server's counters.
func (p *process) metric(name string) (float64, error) {
	resp, err := http.Get(p.url + "/metrics")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, name+" "); found {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("the server has no metric %s", name)
}
