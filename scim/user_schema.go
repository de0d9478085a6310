package scim

import (
	"slices"
	"strconv"

	"github.com/elimity-com/scim/optional"
	"github.com/elimity-com/scim/schema"
)

// The schemas of users and groups.
const (
	UserSchema       = schema.UserSchema
	GroupSchema      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	EnterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	AccountSchema    = "urn:rollcall:params:scim:schemas:extension:account:2.0:User"
)

// extensionAttributes is how many attributes there are for whatever an organization wants to keep (SCM-02).
const extensionAttributes = 15

// accountExtension has attributes for whatever an organization wants to keep, and tells on request what the server knows about an account
// and no client may write.
func accountExtension() schema.Schema {
	text := func(name, description string, canonical ...string) schema.CoreAttribute {
		return schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{
			Name: name, Description: optional.NewString(description), CaseExact: true,
			Mutability: schema.AttributeMutabilityReadOnly(), CanonicalValues: canonical, Returned: schema.AttributeReturnedRequest(),
		}))
	}
	instant := func(name, description string) schema.CoreAttribute {
		return schema.SimpleCoreAttribute(schema.SimpleDateTimeParams(schema.DateTimeParams{
			Name: name, Description: optional.NewString(description), Mutability: schema.AttributeMutabilityReadOnly(),
			Returned: schema.AttributeReturnedRequest(),
		}))
	}
	s := schema.Schema{
		ID:          AccountSchema,
		Name:        optional.NewString("Account"),
		Description: optional.NewString("The state of a user's account."),
		Attributes: []schema.CoreAttribute{
			text("accountStatus", "What the account may do.", "not_verified", "verified", "active", "inactive", "deferred_claim"),
			text("inactiveReason", "Why the account is inactive."),
			text("source", "The pipe through which the account came to be.", "manual", "csv", "scim", "directory", "self", "claim"),
			instant("purgeAt", "When an inactive account will be deleted if nothing changes."),
			instant("statusChangedAt", "Since when the account has its status."),
		},
	}
	for i := range extensionAttributes {
		s.Attributes = append(s.Attributes, schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{
			Name: "extensionAttribute" + strconv.Itoa(i+1), Description: optional.NewString("For whatever the organization wants to keep."),
		})))
	}
	return s
}

// userSchemas are the core schema and the extensions of a user, in the order of discovery.
func userSchemas() (core schema.Schema, extensions []schema.Schema) {
	core = schema.CoreUserSchema()
	for i, a := range core.Attributes {
		if a.Name() == "active" { // who is added without it is active, so everybody has it
			core.Attributes[i] = schema.SimpleCoreAttribute(schema.SimpleBooleanParams(schema.BooleanParams{
				Name: a.Name(), Description: optional.NewString(a.Description()), Required: true,
			}))
		}
	}
	return core, []schema.Schema{schema.ExtensionEnterpriseUser(), accountExtension()}
}

func groupSchema() schema.Schema { return schema.CoreGroupSchema() }

// finishUsers tells an index of users what no schema says. Who leaves out "active" has a value all the same.
func finishUsers(x *index) {
	x.identityFold()
	x.core.needs = slices.DeleteFunc(x.core.needs, func(a *attribute) bool { return a.Name == "active" })
	x.linked = x.core.attrs["groups"]
}
