package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"time"
)

// report is what was measured, and everything that pages and plots are made of.
type report struct {
	At       time.Time `json:"at"`
	Machine  machine   `json:"machine"`
	Users    int       `json:"users"`
	Rounds   int       `json:"rounds"`
	Phase    string    `json:"phase"` // how long everybody is asked in each round
	Took     string    `json:"took"`
	Rows     []row     `json:"rows"`
	Series   []*series `json:"series"`
	Failures int       `json:"failures"` // answers that were wrong or did not come
}

// machine is where it was measured.
type machine struct {
	OS        string  `json:"os"`
	Processor string  `json:"processor"`
	Cores     int     `json:"cores"`
	Go        string  `json:"go"`
	Fsync     float64 `json:"fsyncMs"`
	Load      float64 `json:"load"` // average of the minute before
}

// row is one line of the table: what was measured beside its control.
type row struct {
	What     string  `json:"what"`
	Measured figure  `json:"measured"`
	Control  *figure `json:"control,omitempty"`
	Ratio    float64 `json:"ratio,omitempty"` // of measured to control; none without one
	Bound    bound   `json:"bound,omitempty"`
	Wanted   float64 `json:"wanted,omitempty"`
	Reach    float64 `json:"reachFor,omitempty"`
	Met      bool    `json:"met"`
}

// figure is a number and what it is of.
type figure struct {
	Of    string  `json:"of"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

// bound says on which side of what is wanted a number has to be.
type bound string

const (
	atLeast bound = "at least"
	atMost  bound = "at most"
	shown   bound = "" // nothing is wanted: it is there to compare
)

// wanted is what a number is wanted to be, and what would be better still.
type wanted struct {
	bound         bound
	value, better float64
}

// compared makes a row of two figures, which is judged by their ratio.
func compared(what string, measured, control figure, w wanted) row {
	r := row{What: what, Measured: measured, Control: &control, Bound: w.bound, Wanted: w.value, Reach: w.better}
	if control.Value > 0 {
		r.Ratio = measured.Value / control.Value
	}
	r.Met = w.holds(r.Ratio) && control.Value > 0
	return r
}

// limited makes a row of one figure, which is judged by itself.
func limited(what string, measured figure, w wanted) row {
	return row{What: what, Measured: measured, Bound: w.bound, Wanted: w.value, Reach: w.better, Met: w.holds(measured.Value)}
}

func (w wanted) holds(value float64) bool {
	switch w.bound {
	case atLeast:
		return value >= w.value
	case atMost:
		return value <= w.value
	}
	return true
}

// series is what one server came to in all rounds of one operation.
type series struct {
	Operation string   `json:"operation"`
	Clients   int      `json:"clients"`
	Server    string   `json:"server"`
	Rounds    []result `json:"rounds"`
}

// over returns the median of the rounds.
func (s *series) over(of func(result) float64) float64 {
	values := make([]float64, len(s.Rounds))
	for i, r := range s.Rounds {
		values[i] = of(r)
	}
	return median(values)
}

func (s *series) rate() figure {
	return figure{s.Server, s.over(func(r result) float64 { return r.PerSecond }), "/s"}
}

func (s *series) p50() figure {
	return figure{s.Server, s.over(func(r result) float64 { return r.P50 }), "ms"}
}

func (s *series) p99() figure {
	return figure{s.Server, s.over(func(r result) float64 { return r.P99 }), "ms"}
}

// readReport reads a report that was saved.
func readReport(file string) (*report, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("%s is no report: %w", file, err)
	}
	return &r, nil
}

func (r *report) save(file string) error {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := writeJSON(out, r); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// describeMachine says where we are.
func describeMachine(folder string) (machine, error) {
	m := machine{OS: runtime.GOOS, Processor: runtime.GOARCH, Cores: runtime.NumCPU(), Go: runtime.Version()}
	var err error
	if m.Fsync, err = fsyncTime(folder); err != nil {
		return m, err
	}
	text, err := os.ReadFile("/proc/loadavg")
	if err == nil {
		_, err = fmt.Sscan(string(text), &m.Load)
	}
	return m, err
}

// fsyncTime is the median of a hundred small writes that are waited for.
func fsyncTime(folder string) (float64, error) {
	f, err := os.CreateTemp(folder, "fsync")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.Remove(f.Name()) }() // a file of a few pages in a temporary folder
	defer f.Close()
	var took []time.Duration
	for range 100 {
		began := time.Now()
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began))
	}
	return milliseconds(quantile(took, 0.5)), nil
}
