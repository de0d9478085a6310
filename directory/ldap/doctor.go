package ldap

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"rollcall/directory"
	"rollcall/identity"
)

// Result is what came of a check.
type Result string

// The results, from good to bad. What was not tried says nothing, and why it was not is told.
const (
	CheckOK       Result = "ok"
	CheckNotTried Result = "not tried"
	CheckWarning  Result = "warning"
	CheckFailed   Result = "failed"
)

// Check is one thing that was looked at. No password is ever in it.
type Check struct {
	Name   string `json:"check"`
	Server string `json:"server,omitempty"` // for what is checked at each server
	Result Result `json:"result"`
	Seen   string `json:"seen"`
	Remedy string `json:"remedy,omitempty"`
}

// Worst is the worst result of some checks.
func Worst(checks []Check) Result {
	if slices.ContainsFunc(checks, func(c Check) bool { return c.Result == CheckFailed }) {
		return CheckFailed
	}
	if slices.ContainsFunc(checks, func(c Check) bool { return c.Result == CheckWarning }) {
		return CheckWarning
	}
	return CheckOK
}

// Doctor looks at a directory before anybody depends on it. It changes nothing there.
type Doctor struct {
	Now      func() time.Time
	Resolver Resolver // nil: the machine's
	Progress directory.Progress
}

// examination is one of the checks: what it is called, what it is about, and what it cannot do without.
type examination struct {
	name  string
	kind  string // of directory; empty: both
	needs string // the check that has to be good enough before
	run   func(ctx context.Context, p *patient) []Check
}

// examinations are the checks in the order in which they are made and shown.
var examinations = []examination{
	{"settings", "", "", checkSettings},
	{"servers", "", "settings", checkServers},
	{"DNS", "", "servers", checkDNS},
	{"TCP", "", "DNS", checkTCP},
	{"TLS", "", "TCP", checkTLS},
	{"bind", "", "TLS", checkBind},
	{"root DSE", "", "bind", checkRoot},
	{"base DNs", "", "root DSE", checkBases},
	{"paging", "", "base DNs", checkPaging},
	{"size limits", AD, "paging", checkPolicyLimits},
	{"size limits", OpenLDAP, "paging", checkAccountLimits},
	{"DirSync", AD, "base DNs", checkDirSync},
	{"deleted objects", AD, "base DNs", checkDeletedObjects},
	{"syncrepl", OpenLDAP, "base DNs", checkSyncrepl},
	{"value ranges", AD, "paging", checkRanges},
	{"clock", "", "root DSE", checkClock},
	{"reading", "", "size limits", checkReading},
	{"incremental", "", "reading", checkIncremental},
	{"usable entries", "", "reading", checkUsable},
	{"addresses", "", "reading", checkAddresses},
	{"groups", "", "reading", checkGroups},
	{"sample", "", "reading", checkSample},
}

// patient is the directory as far as it is known.
type patient struct {
	doctor   Doctor
	settings Settings
	source   *Source
	visits   []*visit // the servers
	conn     *connection
	server   server
	root     rootFacts
	contexts []string // the naming contexts of the bases
	snapshot directory.Snapshot
}

// Examine makes all checks. A check that needs one that failed is not tried.
func (d Doctor) Examine(ctx context.Context, s Settings) []Check {
	if d.Resolver == nil {
		d.Resolver = net.DefaultResolver
	}
	p := &patient{doctor: d, settings: s}
	defer p.leave()
	ctx, cancel := context.WithTimeout(ctx, time.Duration(s.WithDefaults().TotalTimeout))
	defer cancel()
	var checks []Check
	missing := map[string]string{} // checks that nothing can be built on, and the one that is to blame
	for _, e := range examinations {
		if e.kind != "" && e.kind != s.Kind {
			continue
		}
		var made []Check
		if blame, ok := missing[e.needs]; ok {
			made = []Check{{Result: CheckNotTried, Seen: fmt.Sprintf("not tried, because of %s", blame)}}
			missing[e.name] = blame
		} else {
			made = e.run(ctx, p)
			if !slices.ContainsFunc(made, func(c Check) bool { return c.Result == CheckOK || c.Result == CheckWarning }) {
				missing[e.name] = e.name
			}
		}
		for _, c := range made {
			c.Name = e.name
			checks = append(checks, c)
		}
	}
	if p.conn != nil {
		soften(checks)
	}
	return checks
}

// soften makes warnings of what failed at one server while another could be used.
func soften(checks []Check) {
	for i, c := range checks {
		if c.Server != "" && c.Result == CheckFailed {
			checks[i].Result = CheckWarning
		}
	}
}

func checkSettings(_ context.Context, p *patient) []Check {
	if err := p.settings.Validate(); err != nil {
		return failed(sentenceOf(err), "correct the settings of the connector")
	}
	source, err := Open(p.settings, p.doctor.Now)
	if err != nil {
		return failed(sentenceOf(err), "correct the settings of the connector")
	}
	p.source = source.WithResolver(p.doctor.Resolver)
	p.settings = p.source.settings
	who, err := p.settings.credentials()
	if err != nil {
		return failed(sentenceOf(err), "correct the settings of the connector")
	}
	const seen = "they are complete, and the files they name can be read"
	if who.certificate == nil {
		return fine(seen)
	}
	ends := who.certificate.Leaf.NotAfter
	told := fmt.Sprintf("%s; the client's certificate holds until %s", seen, ends.UTC().Format("2006-01-02"))
	switch left := ends.Sub(p.doctor.Now()); {
	case left < 0:
		return failed(told, "renew the client's certificate")
	case left < expiryNotice:
		return warn(told, "renew the client's certificate before it ends")
	}
	return fine("%s", told)
}

// The checks' answers.
func fine(format string, args ...any) []Check {
	return []Check{{Result: CheckOK, Seen: fmt.Sprintf(format, args...)}}
}

func untried(why string) []Check { return []Check{{Result: CheckNotTried, Seen: why}} }

func warn(seen, remedy string) []Check {
	return []Check{{Result: CheckWarning, Seen: seen, Remedy: remedy}}
}

func failed(seen, remedy string) []Check {
	return []Check{{Result: CheckFailed, Seen: seen, Remedy: remedy}}
}

// broke tells an error: the diagnosis names what to do behind a semicolon, unless there is nothing but the check's own remedy.
func (p *patient) broke(err error, remedy string) []Check {
	seen, diagnosed, ok := strings.Cut(p.source.diagnosis(err), "; ")
	switch {
	case ok:
		remedy = diagnosed
	case remedy == "":
		remedy = "try again, and look at the server's log if it stays so"
	}
	return failed(seen, remedy)
}

// sentenceOf is the text of a refusal.
func sentenceOf(err error) string {
	var refusal *identity.Error
	if errors.As(err, &refusal) {
		return refusal.Detail
	}
	return err.Error()
}

// answerOf is the server's answer in an error; nil if there was none.
func answerOf(err error) *ldap.Error {
	var answer *ldap.Error
	if errors.As(err, &answer) && answer.ResultCode < ldap.ErrorNetwork {
		return answer
	}
	return nil
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
