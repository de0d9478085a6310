package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// measureDepth: a page of 100 behind nine tenths of all people, by cursor, beside the first page.
func (b *bench) measureDepth(s *side) error {
	const most = 1000 // that a page may have
	deep := ""
	for range b.options.Users * 9 / 10 / most {
		var err error
		if _, deep, err = b.turnPage(s.rollcall, deep, most); err != nil {
			return err
		}
	}
	const pages = 100
	places := []string{"", deep}
	took := make([][]time.Duration, len(places))
	for range pages {
		for i, cursor := range places {
			t, _, err := b.turnPage(s.rollcall, cursor, pageSize)
			if err != nil {
				return err
			}
			took[i] = append(took[i], t)
		}
	}
	half := func(i int) float64 { return milliseconds(quantile(took[i], 0.5)) }
	b.add(compared("cursor behind 90 % of the people, p50 of a lone client", figure{s.rollcall.name, half(1), "ms"}, figure{"its first page", half(0), "ms"}, deepAsFirst))
	return nil
}

// turnPage reads one page and returns how long that took and the cursor of the next.
func (b *bench) turnPage(t *target, cursor string, count int) (time.Duration, string, error) {
	var next string
	query := url.Values{"count": {fmt.Sprint(count)}, "cursor": {cursor}}
	e := exchange{http.MethodGet, "/Users?" + query.Encode(), nil, func(status int, body []byte) error {
		a, err := answered(status, http.StatusOK, body)
		if err == nil {
			err = a.isPage(count, t.present)
		}
		next = a.NextCursor
		return err
	}}
	var buffer bytes.Buffer
	began := time.Now()
	err := t.ask(b.ctx, e, &buffer)
	return time.Since(began), next, err
}
