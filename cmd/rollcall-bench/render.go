package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// renderFlags say where a report is shown.
type renderFlags struct {
	Page  string `placeholder:"FILE" help:"Also write the table into this Markdown page, between the lines \"${begin}\" and \"${end}\"."`
	Plots string `placeholder:"DIR" help:"Also draw plots into this folder."`
}

// renderCmd shows a report once more.
type renderCmd struct {
	Report string `arg:"" placeholder:"FILE" help:"A report that was saved with --save."`
	renderFlags
}

func (c *renderCmd) Run(a *app) error {
	r, err := readReport(c.Report)
	if err != nil {
		return err
	}
	if c.Page == "" && c.Plots == "" {
		return r.writeTable(a.stdout)
	}
	return c.render(r)
}

// render writes the page and the plots that are asked for.
func (f renderFlags) render(r *report) error {
	if f.Plots != "" {
		if err := os.MkdirAll(f.Plots, 0o755); err != nil {
			return err
		}
		for _, p := range r.plots() {
			if err := os.WriteFile(filepath.Join(f.Plots, p.file), p.svg(), 0o644); err != nil {
				return err
			}
		}
	}
	if f.Page == "" {
		return nil
	}
	page, err := os.ReadFile(f.Page)
	if err != nil {
		return err
	}
	written, err := between(string(page), r.markdown())
	if err != nil {
		return fmt.Errorf("%s: %w", f.Page, err)
	}
	return os.WriteFile(f.Page, []byte(written), 0o644)
}

// The lines between which a page has the report.
const (
	beginMark = "<!-- report: written by rollcall-bench, like all up to the end -->"
	endMark   = "<!-- end of the report -->"
)

// between replaces what a page has between the marks.
func between(page, text string) (string, error) {
	before, rest, begins := strings.Cut(page, beginMark+"\n")
	_, after, ends := strings.Cut(rest, endMark)
	if !begins || !ends {
		return "", fmt.Errorf("the page has no line %q, or no line %q after it", beginMark, endMark)
	}
	return before + beginMark + "\n\n" + text + "\n" + endMark + after, nil
}
