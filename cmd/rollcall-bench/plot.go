package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
)

// plot is a picture of horizontal bars.
type plot struct {
	title, file, unit string
	bars              []bar
}

// bar is a median, and the lowest and highest of the rounds.
type bar struct {
	name            string
	value, low, top float64
	ours            bool
}

// plots are those of what all servers were asked: one for each operation.
func (r *report) plots() []plot {
	var all []plot
	for _, s := range r.Series {
		if s.Clients == 1 || len(s.Rounds) == 0 || strings.Contains(s.Server, ", ") || titles[s.Operation] == "" {
			continue // a lone client, or Rollcall in some state of its own
		}
		at := slices.IndexFunc(all, func(p plot) bool { return p.title == title(s.Operation, s.Clients) })
		if at < 0 {
			at = len(all)
			all = append(all, plot{title: title(s.Operation, s.Clients), file: s.Operation + ".svg", unit: "requests/s"})
		}
		rates := make([]float64, len(s.Rounds))
		for i, round := range s.Rounds {
			rates[i] = round.PerSecond
		}
		b := bar{s.Server, s.rate().Value, slices.Min(rates), slices.Max(rates), strings.HasPrefix(s.Server, "Rollcall")}
		if !slices.ContainsFunc(all[at].bars, func(other bar) bool { return other.name == b.name }) {
			all[at].bars = append(all[at].bars, b)
		}
	}
	return slices.DeleteFunc(all, func(p plot) bool { return len(p.bars) < 2 })
}

// Sizes of a plot in pixels.
const (
	plotWidth = 720
	nameWidth = 190
	barWidth  = 400
	barHeight = 20
	barStep   = 30
	plotTop   = 44
)

// svg draws the plot. Its colors are readable on light and dark pages.
func (p plot) svg() []byte {
	longest := 1.0
	for _, b := range p.bars {
		longest = max(longest, b.top)
	}
	height := plotTop + barStep*len(p.bars) + 10
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13" role="img">`+"\n",
		plotWidth, height, plotWidth, height)
	fmt.Fprintf(&out, `<title>%s</title>`+"\n", escaped(p.title+", "+p.unit))
	fmt.Fprintf(&out, `<rect width="100%%" height="100%%" fill="#ffffff"/>`+"\n")
	fmt.Fprintf(&out, `<text x="10" y="24" font-size="15" font-weight="bold" fill="#222222">%s</text>`+"\n", escaped(p.title+", "+p.unit))
	for i, b := range p.bars {
		y, color := plotTop+i*barStep, "#9aa5b1"
		if b.ours {
			color = "#2f6fb3"
		}
		at := func(v float64) float64 { return nameWidth + v/longest*barWidth }
		middle := y + barHeight/2
		fmt.Fprintf(&out, `<text x="%d" y="%d" text-anchor="end" fill="#222222">%s</text>`+"\n", nameWidth-8, middle+5, escaped(b.name))
		fmt.Fprintf(&out, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", nameWidth, y, at(b.value)-nameWidth, barHeight, color)
		fmt.Fprintf(&out, `<path d="M%.1f %d H%.1f M%.1f %d v8 M%.1f %d v8" stroke="#222222" fill="none"/>`+"\n",
			at(b.low), middle, at(b.top), at(b.low), middle-4, at(b.top), middle-4)
		fmt.Fprintf(&out, `<text x="%.1f" y="%d" fill="#222222">%s</text>`+"\n", at(b.top)+8, middle+5, thousands(int(b.value)))
	}
	out.WriteString("</svg>\n")
	return out.Bytes()
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a builder takes everything
	return b.String()
}
