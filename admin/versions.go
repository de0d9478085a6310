package admin

import (
	"slices"
	"strconv"
	"strings"

	"rollcall/identity"
)

// etag is the strong entity tag of a version (RFC 9110 section 8.8.3).
func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// ifUnchanged reads If-Match (RFC 9110 section 13.1.1) and returns what compares it with the version of a thing inside the
// transaction; nil if there is nothing to compare. The comparison is strong, so a weak tag never matches.
func ifUnchanged(ifMatch, thing string) (func(version int64) error, error) {
	if ifMatch == "" || ifMatch == "*" {
		return nil, nil
	}
	var versions []string
	for tag := range strings.SplitSeq(ifMatch, ",") {
		tag = strings.TrimSpace(tag)
		opaque := strings.TrimPrefix(tag, "W/")
		if len(opaque) < 2 || opaque[0] != '"' || opaque[len(opaque)-1] != '"' || strings.Contains(opaque[1:len(opaque)-1], `"`) {
			return nil, identity.Refuse(identity.Invalid, identity.RuleInvalidValue,
				`give the ETag of the %s as it was shown, such as "3", or *`, thing).At("header.If-Match")
		}
		if tag == opaque {
			versions = append(versions, opaque[1:len(opaque)-1])
		}
	}
	return func(version int64) error {
		if slices.Contains(versions, strconv.FormatInt(version, 10)) {
			return nil
		}
		return identity.Refuse(identity.Stale, identity.RuleVersionMismatch,
			"the %s has changed since; it is in version %s now. Look at it again and repeat the call with its present ETag", thing, etag(version))
	}, nil
}
