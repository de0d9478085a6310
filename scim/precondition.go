package scim

import (
	"net/http"
	"strings"

	"rollcall/identity"
)

// precondition checks If-Match and If-None-Match against an account (RFC 9110 section 13.1, RFC 7644 section 3.14). It
// runs inside the transaction, so that no write can come between.
func (r *request) precondition(a identity.Account) error {
	if tags := r.tags("If-Match"); tags != "" && !matchesTag(tags, a.Version) {
		return failure(http.StatusPreconditionFailed, "", "The resource has the version %s; If-Match asks for another.", etag(a.Version))
	}
	if tags := r.tags("If-None-Match"); tags != "" && matchesTag(tags, a.Version) {
		return failure(http.StatusPreconditionFailed, "", "The resource has the version %s, which If-None-Match excludes.", etag(a.Version))
	}
	return nil
}

// tags is the list of entity tags in a header, which may stand on several lines (RFC 9110 section 5.3).
func (r *request) tags(header string) string { return strings.Join(r.Header.Values(header), ",") }

// matchesTag reports whether a list of entity tags has the one of a version. Tags compare weakly: ours are weak, and
// clients send them back with or without the mark.
func matchesTag(tags string, version int64) bool {
	want := strings.TrimPrefix(etag(version), "W/")
	for tag := range strings.SplitSeq(tags, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == want {
			return true
		}
	}
	return false
}
