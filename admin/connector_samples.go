package admin

import (
	"context"
	"errors"
	"net/http"
	"time"

	"rollcall/directory/mapping"
	"rollcall/identity"
)

// SampleRequest says which entries are looked at.
type SampleRequest struct {
	DN    string `json:"dn,omitempty" maxLength:"1000" doc:"This entry, wherever it is"`
	First int    `json:"first,omitempty" minimum:"1" maximum:"20" doc:"Without dn: so many entries in scope; 3 unless said"`
}

// Sample is an entry as it would be synchronized.
type Sample struct {
	DN         string            `json:"dn"`
	ID         string            `json:"id,omitempty" doc:"The entry's own id, by which it stays known"`
	Disabled   bool              `json:"disabled" doc:"In the directory"`
	Skipped    string            `json:"skipped,omitempty" doc:"Why it is not synchronized"`
	Attributes []SampleAttribute `json:"attributes" nullable:"false"`
}

// SampleAttribute is one attribute with what it is made from.
type SampleAttribute struct {
	Attribute string          `json:"attribute"`
	Values    []string        `json:"values" nullable:"false"`
	MadeBy    string          `json:"madeBy" doc:"The source in the mapping"`
	From      []mapping.Given `json:"from" nullable:"false" doc:"What the entry holds"`
	Problem   string          `json:"problem,omitempty" doc:"Why there are no values"`
}

type sampleList struct {
	Samples []Sample `json:"samples" nullable:"false"`
}

// samplesTimeout is how long somebody waits for samples: a dial, a bind and a page.
const samplesTimeout = 25 * time.Second

func (a *api) addSamples() {
	add(a, operation{
		id: "testConnector", method: http.MethodPost, path: connectorPath + "/test", scope: scopeWriteSync,
		summary: "Try a connector", about: "Binds and shows how a few entries would be synchronized; nobody is changed. 503 says what is wrong with the connection.",
	}, a.testConnector)
}

func (a *api) testConnector(ctx context.Context, in *struct {
	ConnectorPath
	Body SampleRequest
}) (answer *body[sampleList], err error) {
	n, err := a.service.Reader().Connector(ctx, in.id(), in.connector())
	if err != nil {
		return nil, err
	}
	source, err := a.directories.Open(ctx, n)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	previewer, ok := source.(mapping.Previewer)
	if !ok {
		return nil, identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "a connector of the kind %s shows no samples", n.Kind)
	}
	first := in.Body.First
	if first == 0 {
		first = 3
	}
	ctx, cancel := context.WithTimeout(ctx, samplesTimeout)
	defer cancel()
	entries, err := previewer.Preview(ctx, in.Body.DN, first)
	if err != nil {
		return nil, err
	}
	list := sampleList{Samples: make([]Sample, 0, len(entries))}
	for _, e := range entries {
		list.Samples = append(list.Samples, showSample(e))
	}
	return &body[sampleList]{list}, nil
}

func showSample(e mapping.Preview) Sample {
	shown := Sample{DN: e.DN, ID: string(e.ID), Disabled: e.Disabled, Skipped: e.Skipped, Attributes: make([]SampleAttribute, 0, len(e.Attributes))}
	for _, m := range e.Attributes {
		shown.Attributes = append(shown.Attributes, SampleAttribute{Attribute: m.Attribute, Values: m.Values, MadeBy: m.Source.String(), From: m.From, Problem: m.Problem})
	}
	return shown
}
