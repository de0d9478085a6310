package demoissuer

import (
	"crypto/rand"
	"net/http"
	"sync"
	"time"
)

// deviceGrant is the grant type of RFC 8628 section 3.4.
const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// How long things are good that a device gets, and how often it may ask, in seconds.
const (
	deviceCodeLife = 600
	devicePace     = 1
	// TokenLife is how long a token is good that a device got.
	TokenLife = time.Hour
)

// Verdict is what became of a device's request (RFC 8628 section 3.5).
type Verdict string

// The verdicts. Undecided is where each request begins.
const (
	Undecided Verdict = "authorization_pending"
	Denied    Verdict = "access_denied"
	Expired   Verdict = "expired_token"
	// TooFast tells the device once to ask more seldom; then the request is undecided again.
	TooFast Verdict = "slow_down"
	// Approved lets the device in.
	Approved Verdict = ""
)

// devices are the requests of devices, and who has been let in. The zero value is ready.
type devices struct {
	mu       sync.Mutex
	requests map[string]*deviceRequest // by device code
	refresh  map[string]session        // by refresh token, each good for once
	polls    int
}

type deviceRequest struct {
	session
	userCode string
	verdict  Verdict
}

// session is who is let in, and what the tokens are for.
type session struct{ subject, audience string }

// Decide says what becomes of the request with a user code, for a person. It reports whether there is such a request.
func (i *Issuer) Decide(userCode, subject string, v Verdict) bool {
	i.devices.mu.Lock()
	defer i.devices.mu.Unlock()
	for _, r := range i.devices.requests {
		if r.userCode == userCode {
			r.verdict, r.subject = v, subject
			return true
		}
	}
	return false
}

// Polls is how often devices have asked for their token.
func (i *Issuer) Polls() int {
	i.devices.mu.Lock()
	defer i.devices.mu.Unlock()
	return i.devices.polls
}

// authorizeDevice answers RFC 8628 section 3.1. The audience of the tokens is the client, as in ID tokens.
func (i *Issuer) authorizeDevice(w http.ResponseWriter, r *http.Request) {
	client := r.FormValue("client_id")
	if client == "" {
		refuse(w, "invalid_client")
		return
	}
	code, userCode := rand.Text(), rand.Text()[:8]
	i.devices.mu.Lock()
	if i.devices.requests == nil {
		i.devices.requests, i.devices.refresh = map[string]*deviceRequest{}, map[string]session{}
	}
	i.devices.requests[code] = &deviceRequest{session{audience: client}, userCode, Undecided}
	i.devices.mu.Unlock()
	reply(w, map[string]any{
		"device_code": code, "user_code": userCode, "verification_uri": i.url + "/device", "expires_in": deviceCodeLife, "interval": devicePace,
	})
}

// token answers RFC 8628 section 3.4 and RFC 6749 section 6.
func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	who, refusal := i.admit(r.FormValue("grant_type"), r.FormValue("device_code"), r.FormValue("refresh_token"))
	if refusal != "" {
		refuse(w, refusal)
		return
	}
	token, err := i.Token(who.subject, who.audience, time.Now(), TokenLife)
	if err != nil {
		http.Error(w, "internal", http.StatusInternalServerError)
		return
	}
	refresh := rand.Text()
	i.devices.mu.Lock()
	i.devices.refresh[refresh] = who
	i.devices.mu.Unlock()
	reply(w, map[string]any{
		"access_token": token, "id_token": token, "refresh_token": refresh, "token_type": "Bearer", "expires_in": int(TokenLife.Seconds()),
	})
}

// admit says who gets a token, or why nobody does. What lets somebody in is used up by it.
func (i *Issuer) admit(grant, code, refresh string) (session, string) {
	d := &i.devices
	d.mu.Lock()
	defer d.mu.Unlock()
	switch grant {
	case deviceGrant:
		d.polls++
		request, known := d.requests[code]
		if !known {
			return session{}, "invalid_grant"
		}
		verdict := request.verdict
		switch verdict {
		case TooFast:
			request.verdict = Undecided
		case Approved, Denied, Expired:
			delete(d.requests, code)
		}
		return request.session, string(verdict)
	case "refresh_token":
		who, known := d.refresh[refresh]
		if !known {
			return session{}, "invalid_grant"
		}
		delete(d.refresh, refresh)
		return who, ""
	}
	return session{}, "unsupported_grant_type"
}

// refuse answers RFC 6749 section 5.2.
func refuse(w http.ResponseWriter, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	encode(w, map[string]string{"error": code})
}
