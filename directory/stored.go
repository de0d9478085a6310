package directory

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"rollcall/identity"
)

// How many steps of a stored plan are read at a time, and how many times that many are read ahead: enough for what a run does while it waits
// for the disk.
const (
	stepsPerPart = 500
	partsAhead   = 4
)

// form is how encoding/json would write a plan. The other package does it in half the time, and the steps of 100,000 people are 200 MB of it.
var form = jsonv1.DefaultOptionsV1()

// outline is the first part of a stored plan: everything but the steps.
type outline struct {
	Plan
	Count     int       `json:"count"` // of steps
	Runs      []run     `json:"runs"`  // their kinds, in order; nil in plans that were stored before plans had them
	Unsettled unsettled `json:"unsettled"`
}

// run is so many steps of one kind, one behind the other.
type run struct {
	Op    Op  `json:"op"`
	Count int `json:"count"`
}

// encoder makes the one form that a plan is stored in: a series of compressed parts, the first of the plan without its steps, the others of so
// many steps each. The steps of 100,000 people who arrive are 200 MB of JSON, and neither who plans nor a run needs to have more than a few of
// them at a time.
type encoder struct {
	parts     bytes.Buffer
	steps     []Step        // that are in no part yet
	spare     []Step        // where the next ones go
	busy      chan struct{} // closed once the last part is made; parts, gzip and err are nobody else's until then
	count     int
	runs      []run
	unsettled unsettled
	gzip      *gzip.Writer
	err       error // the first one
}

// put adds the next step.
func (e *encoder) put(step Step) {
	e.steps = append(e.steps, step)
	e.count++
	if n := len(e.runs); n > 0 && e.runs[n-1].Op == step.Op {
		e.runs[n-1].Count++
	} else {
		e.runs = append(e.runs, run{step.Op, 1})
	}
	e.unsettled.add(step)
	if len(e.steps) == stepsPerPart {
		e.flush()
	}
}

// flush has a part made of the steps while the caller goes on with the next ones, once the part before it is made.
func (e *encoder) flush() {
	e.wait()
	if len(e.steps) == 0 {
		return
	}
	steps, done := e.steps, make(chan struct{})
	e.steps, e.spare, e.busy = e.spare[:0], steps, done
	go func() {
		defer close(done)
		e.write(&e.parts, steps)
		clear(steps)
	}()
}

func (e *encoder) wait() {
	if e.busy != nil {
		<-e.busy
	}
}

func (e *encoder) write(to *bytes.Buffer, part any) {
	if e.gzip == nil {
		e.gzip, _ = gzip.NewWriterLevel(to, gzip.BestSpeed) // which is a level
	}
	e.gzip.Reset(to)
	e.err = cmp.Or(e.err, errors.Join(json.MarshalWrite(e.gzip, part, form), e.gzip.Close()))
}

// body returns the stored form of a plan whose steps were all put, and its SHA-256 in hexadecimal.
func (e *encoder) body(p Plan) (body []byte, hash string, err error) {
	e.flush()
	e.wait()
	p.Steps = nil
	var first bytes.Buffer
	e.write(&first, outline{Plan: p, Count: e.count, Runs: e.runs, Unsettled: e.unsettled})
	body = slices.Concat(first.Bytes(), e.parts.Bytes())
	return body, hashOf(body), e.err
}

// Encode returns the form that a plan is stored in, and its SHA-256 in hexadecimal.
func (p Plan) Encode() (body []byte, hash string, err error) {
	var e encoder
	for _, step := range p.Steps {
		e.put(step)
	}
	return e.body(p)
}

func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// storedPlan reads a stored plan part by part, always some parts ahead. It is not for several goroutines.
type storedPlan struct {
	outline
	body    []byte
	offsets []int // where the parts begin that are known, and behind them where the next one does
	part    int   // the one that is held
	steps   []Step
	ahead   []chan stepsPart // the ones behind it, once they are decoded
	last    chan int         // where the one behind those begins, once that is known
	prepare func(*Step)      // called for every step that is decoded, on the goroutine that decodes; nil for none
}

// stepsPart is a part of a stored plan.
type stepsPart struct {
	steps []Step
	end   int // where the next one begins
	err   error
}

func openStored(p identity.Plan) (*storedPlan, error) {
	s := &storedPlan{body: p.Body, part: none}
	err := s.open()
	if err != nil {
		err = fmt.Errorf("directory: decode plan %s: %w", p.ID, err)
	}
	return s, err
}

func (s *storedPlan) open() (err error) {
	if bytes.HasPrefix(s.body, []byte("{")) { // one JSON text, as plans were stored before they had parts
		var whole Plan
		if err := json.Unmarshal(s.body, &whole, form); err != nil {
			return err
		}
		if s.body, _, err = whole.Encode(); err != nil {
			return err
		}
	}
	end, err := s.read(0, &s.outline)
	s.offsets = []int{end}
	return err
}

// read decodes the part that begins at an offset, or passes over it if v is nil, and returns where the next one begins.
func (s *storedPlan) read(offset int, v any) (end int, err error) {
	rest := bytes.NewReader(s.body[offset:])
	r, err := gzip.NewReader(rest)
	if err != nil {
		return 0, err
	}
	r.Multistream(false)
	if v != nil {
		if err := json.UnmarshalRead(r, v, form); err != nil {
			return 0, err
		}
	}
	_, err = io.Copy(io.Discard, r)
	return len(s.body) - rest.Len(), err
}

// at returns a step.
func (s *storedPlan) at(i int) (Step, error) {
	if part := i / stepsPerPart; part != s.part {
		if err := s.turnTo(part); err != nil {
			return Step{}, fmt.Errorf("directory: decode step %d: %w", i, err)
		}
	}
	return s.steps[i%stepsPerPart], nil
}

// each goes through steps until want returns an error.
func (s *storedPlan) each(from, to int, want func(Step) error) error {
	for i := from; i < to; i++ {
		step, err := s.at(i)
		if err != nil {
			return err
		}
		if err := want(step); err != nil {
			return err
		}
	}
	return nil
}

// turnTo reads a part. Most of the time it is the one behind the last one, which has been decoded meanwhile.
func (s *storedPlan) turnTo(part int) error {
	if len(s.ahead) == 0 || part != s.part+1 {
		for len(s.offsets) <= part {
			end, err := s.read(s.offsets[len(s.offsets)-1], nil)
			if err != nil {
				return err
			}
			s.offsets = append(s.offsets, end)
		}
		s.ahead, s.last = nil, make(chan int, 1)
		s.last <- s.offsets[part]
	}
	for (part+len(s.ahead))*stepsPerPart < s.Count && len(s.ahead) <= partsAhead {
		s.decodeNext()
	}
	read := <-s.ahead[0]
	s.ahead = s.ahead[1:]
	if read.err != nil {
		s.ahead = nil
		return read.err
	}
	if len(s.offsets) == part+1 {
		s.offsets = append(s.offsets, read.end)
	}
	s.part, s.steps = part, read.steps
	return nil
}

// decodeNext has the next part decoded, once the one before it is, while the caller does something else.
func (s *storedPlan) decodeNext() {
	offset, end, decoded := s.last, make(chan int, 1), make(chan stepsPart, 1) // so that nobody has to wait for the caller
	s.ahead, s.last = append(s.ahead, decoded), end
	go func() {
		begin, ok := <-offset
		if !ok {
			close(end)
			decoded <- stepsPart{err: errPartBefore}
			return
		}
		read := stepsPart{steps: make([]Step, 0, stepsPerPart)}
		if read.end, read.err = s.read(begin, &read.steps); read.err != nil {
			close(end)
		} else {
			end <- read.end
		}
		for i := range read.steps {
			if s.prepare != nil {
				s.prepare(&read.steps[i])
			}
		}
		decoded <- read
	}()
}

// errPartBefore is seen by nobody: whoever reads on meets with the error of the part before.
var errPartBefore = errors.New("directory: the part before cannot be read")

// unit returns the step at i with all the others of its exchange.
func (s *storedPlan) unit(i int) ([]Step, error) {
	first, err := s.at(i)
	if err != nil {
		return nil, err
	}
	unit := []Step{first}
	for next := i + 1; first.Exchange != 0 && next < s.Count; next++ {
		step, err := s.at(next)
		if err != nil {
			return nil, err
		}
		if step.Exchange != first.Exchange {
			break
		}
		unit = append(unit, step)
	}
	return unit, nil
}

// whole returns the plan with all of its steps.
func (s *storedPlan) whole() (Plan, error) {
	p := s.Plan
	p.kept = s
	return p.Whole()
}
