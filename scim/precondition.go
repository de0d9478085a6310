package scim

import (
	"net/http"
	"strings"
)

// precondition checks If-Match and If-None-Match against a version (RFC 9110 section 13.1, RFC 7644 section 3.14). It
// runs inside the transaction, so that no write can come between.
func (r *request) precondition(version int64) error {
	if tags := r.ifMatch; tags != "" && !matchesTag(tags, version) {
		return failure(http.StatusPreconditionFailed, "", "The resource has the version %s; If-Match asks for another.", etag(version))
	}
	if tags := r.ifNoneMatch; tags != "" && matchesTag(tags, version) {
		return failure(http.StatusPreconditionFailed, "", "The resource has the version %s, which If-None-Match excludes.", etag(version))
	}
	return nil
}

// tags is the list of entity tags in a header, which may stand on several lines (RFC 9110 section 5.3).
func tags(h http.Header, name string) string { return strings.Join(h.Values(name), ",") }

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
