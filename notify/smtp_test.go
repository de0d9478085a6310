package notify_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/notify"
)

func TestAMailGoesThroughARealServerUnderTLS(t *testing.T) {
	for name, tc := range map[string]struct {
		implicit bool
		mode     notify.TLSMode
		tls      bool
	}{
		"STARTTLS":                      {mode: notify.StartTLS, tls: true},
		"TLS from the first byte":       {mode: notify.TLS, implicit: true, tls: true},
		"none, as it stays on loopback": {mode: notify.NoTLS},
	} {
		t.Run(name, func(t *testing.T) {
			w, server := newWorld(t), serveMail(t, nil, tc.implicit)
			m := w.invite("Ada@corp.example")
			d := w.deliverer(server.transport(t, func(o *notify.SMTPOptions) { o.TLS = tc.mode }))
			require.Equal(t, 1, w.deliver(d), w.message(m).LastError)
			require.Len(t, server.got(), 1)
			got := server.got()[0]
			require.Equal(t, tc.tls, got.tls)
			require.Equal(t, "no-reply@id.example.org", got.from)
			require.Equal(t, "Ada@corp.example", got.to)
			require.False(t, got.utf8)
			require.Contains(t, got.body, "Message-ID: <"+string(m.ID)+"@id.example.org>")
			require.Contains(t, got.body, "/links?key=3D")
			require.Equal(t, identity.MessageSent, w.message(m).State)
		})
	}
}

func TestTheMailsOfARoundShareAConnection(t *testing.T) {
	w, server := newWorld(t), serveMail(t, nil, false)
	for range 5 {
		w.invite("ada@corp.example")
	}
	require.Equal(t, 5, w.deliver(w.deliverer(server.transport(t, nil))))
	require.Len(t, server.got(), 5)
	require.Equal(t, 2, server.opened(), "one before and one after STARTTLS")
}

func TestTheClientSignsInWithThePasswordThatIsInTheFileNow(t *testing.T) {
	w, server := newWorld(t), serveMail(t, nil, false)
	file := passwordFile(t, "an old one")
	d := w.deliverer(server.transport(t, func(o *notify.SMTPOptions) { o.User, o.PasswordFile = user, file }))
	m := w.invite("ada@corp.example")
	_, err := d.Deliver(w.ctx, 1)
	require.ErrorContains(t, err, "535")
	require.Equal(t, identity.MessageWaiting, w.message(m).State, "a wrong password is the operator's to mend")
	require.NoError(t, os.WriteFile(file, []byte(password+"\n"), 0o600))
	w.clock.move(identity.RetryAfter(1))
	require.Equal(t, 1, w.deliver(d))
	require.Equal(t, user, server.got()[0].user)
}

func TestThePasswordIsNeitherLoggedNorStored(t *testing.T) {
	w, server := newWorld(t), serveMail(t, nil, false)
	server.behave(manners{login: func(given string) error { return answer(535, "your password "+given+" is wrong") }})
	d := w.deliverer(server.transport(t, func(o *notify.SMTPOptions) { o.User, o.PasswordFile = user, passwordFile(t, password) }))
	m := w.invite("ada@corp.example")
	_, err := d.Deliver(w.ctx, 1)
	require.ErrorContains(t, err, "your password … is wrong")
	require.NotContains(t, w.log.String()+w.message(m).LastError+err.Error(), password)
}

// anotherName leads to this machine too, and no certificate of the tests is for it.
const anotherName = "0.0.0.0"

func TestAServerThatCannotBeTrustedGetsNoMail(t *testing.T) {
	foreign, _ := certificates(t)
	for name, tc := range map[string]struct {
		server func(*smtp.Server)
		change func(*notify.SMTPOptions)
		want   string
	}{
		"it offers no STARTTLS":                  {server: func(s *smtp.Server) { s.TLSConfig = nil }, want: "does not support STARTTLS"},
		"its certificate is from somebody else":  {change: func(o *notify.SMTPOptions) { o.CAFile = foreign }, want: "certificate signed by unknown authority"},
		"the system does not know its authority": {change: func(o *notify.SMTPOptions) { o.CAFile = "" }, want: "certificate signed by unknown authority"},
		"its certificate is for another name": {change: func(o *notify.SMTPOptions) { o.Address = strings.Replace(o.Address, "127.0.0.1", anotherName, 1) },
			want: "certificate is valid for 127.0.0.1, not 0.0.0.0"},
	} {
		t.Run(name, func(t *testing.T) {
			w, server := newWorld(t), serveMail(t, tc.server, false)
			m := w.invite("ada@corp.example")
			_, err := w.deliverer(server.transport(t, tc.change)).Deliver(w.ctx, 1)
			require.ErrorContains(t, err, tc.want)
			require.Empty(t, server.got())
			require.Equal(t, identity.MessageWaiting, w.message(m).State)
		})
	}
}

func TestWhatTheServerAnswersDecidesWhatBecomesOfTheMessage(t *testing.T) {
	always := func(err error) func(string) error { return func(string) error { return err } }
	for name, tc := range map[string]struct {
		set   manners
		state identity.MessageState
		cause string
	}{
		"550 for the recipient":         {manners{rcpt: always(answer(550, "no such user"))}, identity.MessageParked, "550 \"no such user\""},
		"451 for the recipient":         {manners{rcpt: always(answer(451, "greylisted"))}, identity.MessageWaiting, "451 \"greylisted\""},
		"552 for the content":           {manners{accepted: always(answer(552, "too big"))}, identity.MessageParked, "552 \"too big\""},
		"452 for the content":           {manners{accepted: always(answer(452, "disk full"))}, identity.MessageWaiting, "452 \"disk full\""},
		"553 for the sender":            {manners{mail: always(answer(553, "not your address"))}, identity.MessageWaiting, "553 \"not your address\""},
		"the connection drops mid-DATA": {manners{data: hangUp}, identity.MessageWaiting, "closing SMTP DATA writer"},
		"421, the server is closing":    {manners{rcpt: always(answer(421, "closing down"))}, identity.MessageWaiting, "421 \"closing down\""},
	} {
		t.Run(name, func(t *testing.T) {
			w, server := newWorld(t), serveMail(t, nil, false)
			server.behave(tc.set)
			d := w.deliverer(server.transport(t, nil))
			m := w.invite("ada@corp.example")
			require.Equal(t, 1, w.deliver(d))
			now := w.message(m)
			require.Equal(t, tc.state, now.State, now.LastError)
			require.Contains(t, now.LastError, tc.cause)
			require.NotContains(t, now.LastError, "affected")
			require.Empty(t, server.got())

			if tc.state != identity.MessageWaiting {
				return
			}
			server.behave(manners{})
			w.clock.move(identity.RetryAfter(1))
			require.Equal(t, 1, w.deliver(d))
			require.Len(t, server.got(), 1)
			require.Equal(t, identity.MessageSent, w.message(m).State)
		})
	}
}

func hangUp(c *smtp.Conn) error {
	_ = c.Conn().Close()
	return errHungUp
}

func TestOneRefusedRecipientAmongManyIsTheOnlyOneWithoutMail(t *testing.T) {
	w, server := newWorld(t), serveMail(t, nil, false)
	server.behave(manners{rcpt: func(to string) error {
		if strings.HasPrefix(to, "gone") {
			return answer(550, "no such user")
		}
		return nil
	}})
	for _, name := range []string{"a", "gone1", "b", "gone2", "c"} {
		w.invite(name + "@corp.example")
	}
	require.Equal(t, 5, w.deliver(w.deliverer(server.transport(t, nil))))
	var to []string
	for _, m := range server.got() {
		to = append(to, m.to)
	}
	require.Equal(t, []string{"a@corp.example", "b@corp.example", "c@corp.example"}, to)
	parked, err := w.Reader().Messages(w.ctx, w.org, identity.MessageQuery{State: identity.MessageParked, Limit: 10})
	require.NoError(t, err)
	require.Len(t, parked, 2)
}

func TestAServerThatIsDownIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := listener.Addr().String()
	require.NoError(t, listener.Close())
	transport, err := notify.NewSMTP(notify.SMTPOptions{Address: nobody, TLS: notify.StartTLS})
	require.NoError(t, err)
	m := w.invite("ada@corp.example")
	_, err = w.deliverer(transport).Deliver(w.ctx, 10)
	require.ErrorContains(t, err, "connection refused")
	require.Equal(t, identity.MessageWaiting, w.message(m).State)
	require.Contains(t, w.message(m).LastError, nobody)
}

func TestAServerThatSaysNothingIsGivenUp(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	transport, err := notify.NewSMTP(notify.SMTPOptions{Address: listener.Addr().String(), TLS: notify.StartTLS, Timeout: 50 * time.Millisecond})
	require.NoError(t, err)
	_, err = transport.Open(context.Background())
	require.ErrorContains(t, err, "timeout")
}

func TestAddressesBeyondASCIINeedAServerThatTakesThem(t *testing.T) {
	const address = "jörg@bücher.example"
	t.Run("it does", func(t *testing.T) {
		w, server := newWorld(t), serveMail(t, func(s *smtp.Server) { s.EnableSMTPUTF8 = true }, false)
		w.invite(address)
		w.invite("ada@bücher.example")
		require.Equal(t, 2, w.deliver(w.deliverer(server.transport(t, nil))))
		require.Equal(t, "jörg@xn--bcher-kva.example", server.got()[0].to)
		require.True(t, server.got()[0].utf8)
		require.Equal(t, "ada@xn--bcher-kva.example", server.got()[1].to)
		require.False(t, server.got()[1].utf8, "not asked for where it is not needed")
	})
	t.Run("it does not", func(t *testing.T) {
		w, server := newWorld(t), serveMail(t, nil, false)
		m, other := w.invite(address), w.invite("ada@bücher.example")
		require.Equal(t, 2, w.deliver(w.deliverer(server.transport(t, nil))))
		require.Equal(t, identity.MessageParked, w.message(m).State)
		require.Contains(t, w.message(m).LastError, "does not offer SMTPUTF8")
		require.Equal(t, identity.MessageSent, w.message(other).State)
	})
}

func TestSMTPOptionsThatCannotWorkAreRefused(t *testing.T) {
	file := passwordFile(t, password)
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, []byte("\n"), 0o600))
	for name, tc := range map[string]struct {
		o    notify.SMTPOptions
		want string // empty: it works
	}{
		"no port":                        {notify.SMTPOptions{Address: "mail.example", TLS: notify.StartTLS}, "use host and port"},
		"no host":                        {notify.SMTPOptions{Address: ":587", TLS: notify.StartTLS}, "use host and port"},
		"port 65535":                     {notify.SMTPOptions{Address: "mail.example:65535", TLS: notify.StartTLS}, ""},
		"port 65536":                     {notify.SMTPOptions{Address: "mail.example:65536", TLS: notify.StartTLS}, "between 1 and 65535"},
		"an unknown mode":                {notify.SMTPOptions{Address: "mail.example:25", TLS: "maybe"}, `not "maybe"`},
		"no TLS over a network":          {notify.SMTPOptions{Address: "mail.example:25", TLS: notify.NoTLS}, "travel in the clear"},
		"no TLS over a network, forced":  {notify.SMTPOptions{Address: "mail.example:25", TLS: notify.NoTLS, Insecure: true}, ""},
		"no TLS with a password, forced": {notify.SMTPOptions{Address: "mail.example:25", TLS: notify.NoTLS, Insecure: true, User: user, PasswordFile: file}, "the password for mail.example would travel in the clear"},
		"no TLS on this machine":         {notify.SMTPOptions{Address: "[::1]:25", TLS: notify.NoTLS}, ""},
		"a user without a password":      {notify.SMTPOptions{Address: "mail.example:25", TLS: notify.TLS, User: user}, "needs a file with the password"},
		"a password without a user":      {notify.SMTPOptions{Address: "mail.example:25", TLS: notify.TLS, PasswordFile: file}, "needs a file with the password"},
		"a password file that is empty":  {notify.SMTPOptions{Address: "mail.example:25", TLS: notify.TLS, User: user, PasswordFile: empty}, "is empty"},
		"a password file that is not":    {notify.SMTPOptions{Address: "mail.example:25", TLS: notify.TLS, User: user, PasswordFile: "nowhere"}, "cannot be read"},
		"certificates that are none":     {notify.SMTPOptions{Address: "mail.example:25", TLS: notify.TLS, CAFile: file}, "has no certificates in PEM"},
		"certificates that are nowhere":  {notify.SMTPOptions{Address: "mail.example:25", TLS: notify.TLS, CAFile: "nowhere"}, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := notify.NewSMTP(tc.o)
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.want)
			require.NotContains(t, err.Error(), password)
		})
	}
}
