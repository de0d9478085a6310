package scim_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/scim"
)

const (
	printerSchema = `{"id":"urn:example:Printer","attributes":[{"name":"serial"}]}`
	printerType   = `{"name":"Printer","endpoint":"/Printers","schema":"urn:example:Printer"}`
)

func registration(schemas, types string) string {
	return `{"schemas":[` + schemas + `],"resourceTypes":[` + types + `]}`
}

// schemaOf is the schema of printers with the members of its only attribute.
func schemaOf(attribute string) string {
	return `{"id":"urn:example:Printer","attributes":[{` + attribute + `}]}`
}

func write(t testing.TB, folder, name, text string) string {
	t.Helper()
	file := filepath.Join(folder, name)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func TestARegistrationThatCannotBeMeantIsRefusedWithItsPlace(t *testing.T) {
	of := func(attribute string) string { return registration(schemaOf(attribute), printerType) }
	typed := func(members string) string {
		return registration(printerSchema, `{"name":"Printer","endpoint":"/Printers","schema":"urn:example:Printer",`+members+`}`)
	}
	extends := func(name, attribute string) string {
		return registration(schemaOf(attribute), `{"name":"`+name+`","schemaExtensions":[{"schema":"urn:example:Printer"}]}`)
	}
	for name, c := range map[string]struct{ text, place, why string }{
		"no JSON":                             {"{\n\"schemas\": [\n}", ":3: ", "not valid JSON"},
		"the same member twice":               {`{"schemas":[],"schemas":[]}`, ":1: ", "stands twice"},
		"a list of schemas alone":             {`[` + printerSchema + `]`, ":1: ", "expected a JSON object"},
		"misspelt":                            {`{"schemas":[],"resourcetypes":[]}`, "resourcetypes", "no such member"},
		"nothing":                             {`{}`, "", "nothing is registered"},
		"schemas is no array":                 {`{"schemas":{}}`, "schemas", "must be an array"},
		"a schema is no object":               {registration(`"x"`, printerType), "schemas[0]", "must be an object"},
		"a schema without an id":              {registration(`{"attributes":[{"name":"a"}]}`, printerType), "schemas[0].id", "is missing"},
		"a schema whose id is no URN":         {registration(`{"id":"Printer","attributes":[{"name":"a"}]}`, printerType), "schemas[0].id", "no URN"},
		"a URN that ends in a number":         {registration(`{"id":"urn:example:2.0","attributes":[{"name":"a"}]}`, printerType), "schemas[0].id", "last part is a name"},
		"a URN with blanks":                   {registration(`{"id":"urn:example:a b","attributes":[{"name":"a"}]}`, printerType), "schemas[0].id", "no URN"},
		"the RFC's own schema":                {registration(`{"id":"urn:ietf:params:scim:schemas:core:2.0:user","attributes":[{"name":"a"}]}`, printerType), "schemas[0].id", "server's own"},
		"the enterprise extension":            {registration(`{"id":"`+scim.EnterpriseSchema+`","attributes":[{"name":"a"}]}`, printerType), "schemas[0].id", "server's own"},
		"a schema twice":                      {registration(printerSchema+","+strings.ToUpper(printerSchema[:27])+printerSchema[27:], printerType), "schemas[1]", ""},
		"a schema without attributes":         {registration(`{"id":"urn:example:Printer"}`, printerType), "schemas[0].attributes", "at least one"},
		"a schema that no type has":           {registration(printerSchema+`,{"id":"urn:example:Other","attributes":[{"name":"a"}]}`, printerType), "schemas[1].id", "no resource type"},
		"an attribute without a name":         {of(`"type":"string"`), "schemas[0].attributes[0].name", "is missing"},
		"a name with a dot":                   {of(`"name":"a.b"`), "schemas[0].attributes[0].name", "no name of an attribute"},
		"$ref outside of a complex attribute": {of(`"name":"$ref"`), "schemas[0].attributes[0].name", "no name of an attribute"},
		"an attribute twice":                  {of(`"name":"a"},{"name":"A"`), "schemas[0].attributes[1].name", "stands at schemas[0].attributes[0] already"},
		"an attribute that all have":          {of(`"name":"ExternalID"`), "schemas[0].attributes[0].name", "every resource has"},
		"a misspelt characteristic":           {of(`"name":"a","requierd":true`), "schemas[0].attributes[0].requierd", "no such member"},
		"an unknown type":                     {of(`"name":"a","type":"float"`), "schemas[0].attributes[0].type", `is "float"; it must be one of string`},
		"required is no boolean":              {of(`"name":"a","required":"true"`), "schemas[0].attributes[0].required", "true or false"},
		"an unknown mutability":               {of(`"name":"a","mutability":"readwrite"`), "schemas[0].attributes[0].mutability", "readWrite, readOnly"},
		"write-only":                          {of(`"name":"a","mutability":"writeOnly"`), "schemas[0].attributes[0].mutability", "is not kept"},
		"required and read-only":              {of(`"name":"a","mutability":"readOnly","required":true`), "schemas[0].attributes[0].required", "cannot be required"},
		"an unknown returned":                 {of(`"name":"a","returned":"sometimes"`), "schemas[0].attributes[0].returned", "default, always"},
		"an unknown uniqueness":               {of(`"name":"a","uniqueness":"local"`), "schemas[0].attributes[0].uniqueness", "none, server"},
		"a unique boolean":                    {of(`"name":"a","type":"boolean","uniqueness":"server"`), "schemas[0].attributes[0].uniqueness", "not enough values"},
		"a unique complex attribute":          {of(`"name":"a","type":"complex","uniqueness":"server","subAttributes":[{"name":"b"}]`), "schemas[0].attributes[0].uniqueness", "sub-attribute"},
		"canonical values that are no texts":  {of(`"name":"a","canonicalValues":[1]`), "schemas[0].attributes[0].canonicalValues[0]", "must be a text"},
		"reference types of a text":           {of(`"name":"a","referenceTypes":["User"]`), "schemas[0].attributes[0].referenceTypes", "only attributes of the type reference"},
		"a reference to an unknown type":      {of(`"name":"a","type":"reference","referenceTypes":["Printers"]`), "schemas[0].attributes[0].referenceTypes", `no resource type "Printers"`},
		"a complex attribute without parts":   {of(`"name":"a","type":"complex"`), "schemas[0].attributes[0].subAttributes", "at least one"},
		"a text with parts":                   {of(`"name":"a","subAttributes":[{"name":"b"}]`), "schemas[0].attributes[0].subAttributes", "only attributes of the type complex"},
		"complex within complex": {of(`"name":"a","type":"complex","subAttributes":[{"name":"b","type":"complex","subAttributes":[{"name":"c"}]}]`),
			"schemas[0].attributes[0].subAttributes[0].type", "cannot be complex"},
		"a part twice":              {of(`"name":"a","type":"complex","subAttributes":[{"name":"b"},{"name":"B"}]`), "schemas[0].attributes[0].subAttributes[1].name", "already"},
		"a type without a name":     {registration(printerSchema, `{"endpoint":"/Printers","schema":"urn:example:Printer"}`), "resourceTypes[0].name", "is missing"},
		"a type's name with blanks": {registration(printerSchema, `{"name":"A B","endpoint":"/Printers","schema":"urn:example:Printer"}`), "resourceTypes[0].name", "no name of a resource type"},
		"a type's name is taken":    {registration(printerSchema, `{"name":"schema","endpoint":"/Printers","schema":"urn:example:Printer"}`), "resourceTypes[0].name", "server's own"},
		"another id than the name":  {typed(`"id":"P"`), "resourceTypes[0].id", `must be the name, "Printer"`},
		"a type twice":              {registration(printerSchema, printerType+","+printerType), "resourceTypes[1].name", "already"},
		"a misspelt member":         {typed(`"extensions":[]`), "resourceTypes[0].extensions", "no such member"},
		"no endpoint":               {registration(printerSchema, `{"name":"Printer","schema":"urn:example:Printer"}`), "resourceTypes[0].endpoint", "a slash and a name"},
		"an endpoint with a path":   {registration(printerSchema, `{"name":"Printer","endpoint":"/a/b","schema":"urn:example:Printer"}`), "resourceTypes[0].endpoint", "a slash and a name"},
		"an endpoint that is there": {registration(printerSchema, `{"name":"Printer","endpoint":"/users","schema":"urn:example:Printer"}`), "resourceTypes[0].endpoint", "has \"/users\" already"},
		"an endpoint of the protocol": {registration(printerSchema, `{"name":"Printer","endpoint":"/Bulk","schema":"urn:example:Printer"}`),
			"resourceTypes[0].endpoint", "choose another"},
		"an endpoint twice":   {registration(printerSchema, printerType+`,{"name":"Room","endpoint":"/printers","schema":"urn:example:Printer"}`), "resourceTypes[1].endpoint", "already"},
		"no schema":           {registration(printerSchema, `{"name":"Printer","endpoint":"/Printers"}`), "resourceTypes[0].schema", "is missing"},
		"an unknown schema":   {registration(printerSchema, `{"name":"Printer","endpoint":"/Printers","schema":"urn:example:Room"}`), "resourceTypes[0].schema", "define it"},
		"an unknown one more": {typed(`"schemaExtensions":[{"schema":"urn:example:Room"}]`), "resourceTypes[0].schemaExtensions[0].schema", "define it"},
		"an extension of itself": {typed(`"schemaExtensions":[{"schema":"urn:example:printer"}]`),
			"resourceTypes[0].schemaExtensions[0].schema", "already"},
		"an extension that is misspelt": {typed(`"schemaExtensions":[{"schema":"urn:example:Room","require":true}]`),
			"resourceTypes[0].schemaExtensions[0].require", "no such member"},
		"another endpoint of users": {registration(printerSchema, `{"name":"User","endpoint":"/People"}`), "resourceTypes[0].endpoint", "cannot be changed"},
		"another schema of users":   {registration(printerSchema, `{"name":"User","schema":"urn:example:Printer"}`), "resourceTypes[0].schema", "cannot be changed"},
		"nothing new for users":     {registration("", `{"name":"User","schemaExtensions":[{"schema":"`+scim.EnterpriseSchema+`"}]}`), "resourceTypes[0].schemaExtensions", "nothing"},
		"the server's own required": {registration("", `{"name":"User","schemaExtensions":[{"schema":"`+scim.EnterpriseSchema+`","required":true}]}`),
			"resourceTypes[0].schemaExtensions[0].required", "not required"},
		"a unique attribute of users": {extends("User", `"name":"badge","uniqueness":"server"`), "schemas[0].attributes[0].uniqueness", "extends User"},
	} {
		t.Run(name, func(t *testing.T) {
			file := write(t, t.TempDir(), "types.json", c.text)
			_, err := scim.ReadTypes(file)
			require.ErrorContains(t, err, file)
			require.ErrorContains(t, err, c.place)
			require.ErrorContains(t, err, c.why)
			if c.place != "" && c.place[0] != ':' && c.why != "" {
				require.ErrorContains(t, err, file+": "+c.place+": ")
			}
		})
	}
}

func TestARegistrationMayBeSpreadOverAFolder(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "a.json", registration("", printerType))
	write(t, folder, "b.json", registration(printerSchema, ""))
	write(t, folder, "c.json.off", "not read")
	_, err := scim.ReadTypes(folder)
	require.NoError(t, err)
	twice := write(t, folder, "d.json", registration(printerSchema, ""))
	_, err = scim.ReadTypes(folder)
	require.ErrorContains(t, err, twice+": schemas[0].id: ")
	require.ErrorContains(t, err, "b.json at schemas[0] already")
	_, err = scim.ReadTypes(t.TempDir())
	require.ErrorContains(t, err, "no file whose name ends in .json")
	_, err = scim.ReadTypes(filepath.Join(folder, "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestTheExampleInTheDocumentationIsUnderstood(t *testing.T) {
	page, err := os.ReadFile("../docs/scim.md")
	require.NoError(t, err)
	_, example, found := strings.Cut(string(page), "```json\n")
	require.True(t, found)
	example, _, _ = strings.Cut(example, "```")
	_, err = scim.ReadTypes(write(t, t.TempDir(), "printers.json", example))
	require.NoError(t, err)
}
