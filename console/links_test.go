package console_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/console"
	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/internal/web"
	"rollcall/store/fresh"
)

type world struct {
	*identity.Service
	t    *testing.T
	org  identity.Organization
	base string
	log  *strings.Builder
}

func newWorld(t *testing.T) *world {
	s := fresh.Open(t)
	w := &world{Service: identity.NewService(s, system.Clock{}, system.IDs{}, identity.EmailPolicy{}), t: t, log: &strings.Builder{}}
	var err error
	w.org, err = w.CreateOrganization(t.Context(), identity.Actor{Kind: identity.Operator}, identity.Organization{Name: `<b>Example</b>`, Kind: identity.Customer})
	require.NoError(t, err)
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	handler, err := console.New(w.Service, nil, log)
	require.NoError(t, err)
	server := httptest.NewServer(web.Front(handler, log, nil))
	t.Cleanup(server.Close)
	w.base = server.URL
	return w
}

// added returns a new user and the secret of the link that was mailed.
func (w *world) added(address string) (identity.Account, string) {
	w.t.Helper()
	all, err := w.AddUsers(w.t.Context(), identity.Actor{Kind: identity.Administrator}, w.org.ID, []identity.NewUser{{
		Draft: identity.Draft{UserName: address, Emails: []identity.AccountEmail{{Value: address}}, Active: true}}})
	require.NoError(w.t, err)
	return all[0], w.mailed(identity.MessageInvitation)
}

func (w *world) mailed(kind identity.MessageKind) string {
	w.t.Helper()
	sent, err := w.Reader().Messages(w.t.Context(), w.org.ID, identity.MessageQuery{Limit: 10})
	require.NoError(w.t, err)
	for _, m := range sent {
		if m.Kind == kind {
			return m.Data["link"]
		}
	}
	require.Fail(w.t, "no such mail")
	return ""
}

func (w *world) look(secret string) (int, string, http.Header) {
	w.t.Helper()
	r, err := http.Get(w.base + console.LinkPath + "?" + console.LinkKey + "=" + url.QueryEscape(secret))
	return w.read(r, err)
}

func (w *world) use(secret string) (int, string, http.Header) {
	w.t.Helper()
	r, err := http.PostForm(w.base+console.LinkPath, url.Values{console.LinkKey: {secret}})
	return w.read(r, err)
}

func (w *world) read(r *http.Response, err error) (int, string, http.Header) {
	w.t.Helper()
	require.NoError(w.t, err)
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	require.NoError(w.t, err)
	return r.StatusCode, string(body), r.Header
}

func (w *world) status(a identity.Account) identity.Status {
	w.t.Helper()
	now, err := w.Reader().Account(w.t.Context(), a.Org, a.ID)
	require.NoError(w.t, err)
	return now.Status
}

func TestUSR04_ThePageVerifiesWhenTheButtonIsPressed(t *testing.T) {
	w := newWorld(t)
	a, secret := w.added("ada@example.com")
	for range 2 {
		status, page, header := w.look(secret)
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, page, "ada@example.com")
		require.Contains(t, page, "&lt;b&gt;Example", "text is never markup")
		require.NotContains(t, page, "<b>Example")
		require.NotContains(t, page, "<script")
		require.Contains(t, page, "rollcall me accept", "what to do to get the account, too, before the link is used up")
		require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'")
		require.Equal(t, "no-store", header.Get("Cache-Control"))
		require.Equal(t, identity.NotVerified, w.status(a), "looking changes nothing")
	}
	status, page, _ := w.use(secret)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "verified")
	require.Contains(t, page, "ask for a new invitation", "who has never signed in is not tied to the account by this")
	require.Equal(t, identity.Verified, w.status(a))
	status, page, _ = w.use(secret)
	require.Equal(t, http.StatusConflict, status)
	require.Contains(t, page, "used already")
	require.NotContains(t, w.log.String(), secret, "the log knows no secret")
}

func TestEML14_ThePagesOfAChangeOfAddress(t *testing.T) {
	for name, c := range map[string]struct {
		kind identity.MessageKind
		now  string
	}{
		"confirmed from the new mailbox":  {identity.MessageChangeConfirm, "new@example.com"},
		"taken back from the old mailbox": {identity.MessageChangeNotice, "old@example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a, _ := w.added("old@example.com")
			require.NoError(t, w.Transact(t.Context(), w.org.ID, identity.Actor{Kind: identity.Administrator}, func(acts *identity.Acts) error {
				_, err := acts.ChangeEmail(t.Context(), a.ID, nil, "new@example.com")
				return err
			}))
			secret := w.mailed(c.kind)
			status, _, _ := w.look(secret)
			require.Equal(t, http.StatusOK, status)
			status, _, _ = w.use(secret)
			require.Equal(t, http.StatusOK, status)
			now, err := w.Reader().Account(t.Context(), a.Org, a.ID)
			require.NoError(t, err)
			require.Equal(t, c.now, now.PrimaryEmail())
		})
	}
}

func TestCLM54_ThePageOfTheAddressOfAnAccountThatIsKept(t *testing.T) {
	w := newWorld(t)
	a, _ := w.added("ada@example.com")
	const secret = "SECRETOFTHELINK"
	require.NoError(t, w.Transact(t.Context(), w.org.ID, identity.Actor{Kind: identity.Owner}, func(acts *identity.Acts) error {
		return acts.Tx().InsertLink(t.Context(), identity.Link{Hash: identity.HashSecret(secret), Org: a.Org, Account: a.ID, Purpose: identity.LinkKeepAddress,
			Address: "kept@elsewhere.example", CreatedAt: acts.Now(), ExpiresAt: acts.Now().Add(identity.Day)})
	}))
	status, page, _ := w.look(secret)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "kept@elsewhere.example becomes the address of your old account")
	require.Contains(t, page, "<button>Confirm</button>")
	require.NotContains(t, page, "Verify")
}

func TestLinks_WhatDoesNotWork(t *testing.T) {
	w := newWorld(t)
	a, secret := w.added("ada@example.com")
	status, page, _ := w.look("no such secret")
	require.Equal(t, http.StatusNotFound, status)
	require.Contains(t, page, "not known")
	status, _, _ = w.use("")
	require.Equal(t, http.StatusNotFound, status)
	status, _, _ = w.use(strings.Repeat("x", 5<<10))
	require.Equal(t, http.StatusBadRequest, status)

	request, err := http.NewRequest(http.MethodPost, w.base+console.LinkPath, strings.NewReader(url.Values{console.LinkKey: {secret}}.Encode()))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	status, _, _ = w.read(http.DefaultClient.Do(request))
	require.Equal(t, http.StatusForbidden, status, "another site's form")
	require.Equal(t, identity.NotVerified, w.status(a))

	require.NoError(t, w.Transact(t.Context(), w.org.ID, identity.Actor{Kind: identity.Administrator}, func(acts *identity.Acts) error {
		_, err := acts.Deactivate(t.Context(), a.ID, nil)
		return err
	}))
	status, page, _ = w.use(secret)
	require.Equal(t, http.StatusForbidden, status)
	require.Contains(t, page, "inactive")
}

func TestLinks_OneAddressCannotTryWithoutEnd(t *testing.T) {
	w := newWorld(t)
	for range console.DefaultLimit.Burst {
		status, _, _ := w.look("guess")
		require.Equal(t, http.StatusNotFound, status)
	}
	status, page, header := w.look("guess")
	require.Equal(t, http.StatusTooManyRequests, status)
	require.NotEmpty(t, header.Get("Retry-After"))
	require.Contains(t, page, "Try again in")
}
