package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	netmail "net/mail"
	"net/url"
	"strings"
	"sync"
	"time"

	"rollcall/identity"
)

// lease is how long a message that is being sent is nobody else's. It is longer than opening a connection and sending can take.
const lease = 5 * time.Minute

// lostInARow is how many connections in a row may break before the server is left alone for a while. One message that makes
// the server hang up does not stop the others.
const lostInARow = 3

// Options are what a [Deliverer] works with.
type Options struct {
	Service     *identity.Service
	From        string // the sender of all mails: an address, or "Name <address>"
	BaseURL     string // where people reach this server, such as https://id.example.org; every link begins with it
	LinkPath    string // what stands between the base URL and the secret of a link, such as /links?key=
	Transport   Transport
	Log         *slog.Logger
	ProductName string // how the mails call this server; empty: Rollcall
}

// Deliverer sends mails. It can be used by several goroutines, and beside others on the same store.
type Deliverer struct {
	ledger
	from      *netmail.Address
	links     string // what the secret of a link is put after
	host      string // for Message-IDs
	product   string
	transport Transport
	texts     func() (texts, error) // read for the first mail
}

// New checks the options and returns a deliverer. It connects to nothing.
func New(o Options) (*Deliverer, error) {
	from, err := ParseSender(o.From)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.RawQuery != "" || base.Fragment != "" || base.User != nil {
		return nil, fmt.Errorf("%q cannot begin the links of mails; use a URL such as https://id.example.org", o.BaseURL)
	}
	d := &Deliverer{ledger: ledger{service: o.Service, log: o.Log, noun: "mail"}, from: from, links: strings.TrimRight(o.BaseURL, "/") + o.LinkPath, host: base.Hostname(), product: o.ProductName,
		transport: o.Transport, texts: sync.OnceValues(parseTexts)}
	if d.product == "" {
		d.product = "Rollcall"
	}
	if ip := net.ParseIP(d.host); ip != nil {
		d.host = "[" + d.host + "]" // RFC 5322 section 3.4.1: an address literal
	}
	return d, nil
}

// ParseSender reads the sender of mails: an address, or a name with the address in angle brackets.
func ParseSender(text string) (*netmail.Address, error) {
	from, err := netmail.ParseAddress(text)
	if err != nil {
		return nil, fmt.Errorf("%q is no sender; use an address such as no-reply@id.example.org, or Name <no-reply@id.example.org>", text)
	}
	address, err := mailbox(from.Address)
	if err != nil || needsUTF8(address) {
		return nil, fmt.Errorf("%q is no sender: its address must have ASCII characters only before the \"@\" and a full domain name after it", text)
	}
	return &netmail.Address{Name: oneLine(from.Name), Address: address}, nil
}

// Deliver sends at most limit messages that are due and returns how many it settled. What goes wrong with one message is
// recorded with the message. An error says that the mail server or the store cannot be used at present: then there is no
// point in going on at once.
//
// When ctx is done the message that is under way is finished first: stopping in the middle of it would send it twice.
func (d *Deliverer) Deliver(ctx context.Context, limit int) (settled int, err error) {
	line := &line{transport: d.transport}
	defer func() { line.hangUp() }()
	for settled < limit && ctx.Err() == nil {
		claimed, err := d.service.ClaimMessages(ctx, identity.ByMail, 1, lease)
		if err != nil || len(claimed) == 0 {
			return settled, err
		}
		m := claimed[0]
		failure := d.send(ctx, line, m)
		if err := d.settle(context.WithoutCancel(ctx), m, failure); err != nil {
			return settled, err
		}
		if line.down() {
			return settled, fmt.Errorf("mail cannot be delivered at present: %s", m.WithoutSecrets(failure.Cause))
		}
		settled++
	}
	return settled, nil
}

// send returns why a message could not be sent; nil if it was.
func (d *Deliverer) send(ctx context.Context, line *line, m identity.Message) *Failure {
	mail, err := d.compose(context.WithoutCancel(ctx), m)
	if err == nil {
		err = line.send(ctx, mail)
	}
	if err == nil {
		return nil
	}
	if failure, ok := errors.AsType[*Failure](err); ok {
		return failure
	}
	return &Failure{Cause: err.Error()}
}

// line is the connection of one round. It is opened for the first mail and again after every failure: where a failure leaves
// the conversation is not certain.
type line struct {
	transport Transport
	open      Connection
	dead      bool // it could not be opened
	lost      int  // connections that broke, in a row
}

func (l *line) send(ctx context.Context, mail Mail) error {
	if l.open == nil {
		open, err := l.transport.Open(ctx)
		if err != nil {
			l.dead = true
			return err
		}
		l.open = open
	}
	err := l.open.Send(context.WithoutCancel(ctx), mail)
	if err == nil {
		l.lost = 0
		return nil
	}
	l.hangUp()
	l.lost++
	if failure, ok := errors.AsType[*Failure](err); ok && !failure.Lost {
		l.lost = 0
	}
	return err
}

// down reports whether to leave the server alone for a while.
func (l *line) down() bool { return l.dead || l.lost >= lostInARow }

func (l *line) hangUp() {
	if l.open != nil {
		l.open.Close()
		l.open = nil
	}
}
