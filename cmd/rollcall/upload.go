package main

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"

	"rollcall/admin"
)

// uploadFlags are a file that a job works on, row by row, and where its results go.
type uploadFlags struct {
	File    string `arg:"" placeholder:"FILE" help:"The CSV file, with the header of the template; - for standard input."`
	DryRun  bool   `help:"Judge every row and change nothing."`
	Results string `placeholder:"FILE" help:"Where to write what came of each row, as CSV."`
}

// upload sends the file, follows its job and tells how it ended.
func (f *uploadFlags) upload(o *orgClient, query url.Values, to ...string) error {
	var job seen[admin.Job]
	if err := o.do(call{method: http.MethodPost, path: o.at(to...), query: query, file: f.open(o.app)}, &job); err != nil {
		return err
	}
	job, err := o.follow(job)
	if err != nil {
		return err
	}
	if f.Results != "" {
		if err := o.save(f.Results, o.at("jobs", job.is.ID, "results"), nil); err != nil {
			return err
		}
	} else if job.is.Failed > 0 {
		o.say("Why rows failed: rollcall job results --org %s %s", o.id, job.is.ID)
	}
	return o.showJob(job)
}

// open opens the file, for every try anew. Standard input comes once.
func (f *uploadFlags) open(a *app) func() (io.ReadCloser, error) {
	read := false
	return func() (io.ReadCloser, error) {
		if f.File != "-" {
			return os.Open(f.File)
		}
		if read {
			return nil, errors.New("the server had no time for the file, and standard input comes only once; try again")
		}
		read = true
		return io.NopCloser(a.stdin), nil
	}
}
