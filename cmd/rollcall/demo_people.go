package main

import (
	"strings"

	"rollcall/internal/demodirectory"
)

// The people of the story are every given name with every family name.
var (
	givenNames  = strings.Fields("Ada Bela Carl Dora Emil Fay Gus Hana Ivo Jana Kurt Lea Max Nora Otto Pia Quinn Rosa Sven Tess")
	familyNames = strings.Fields("Abel Berg Carlsen Dahl Ek Falk Grau Holm Ibsen Juul")
)

// directoryPeople returns the 200 people of the directory.
func directoryPeople() []demodirectory.Person {
	departments := []string{"Sales", "Research", "Finance", "Operations"}
	var people []demodirectory.Person
	for i, family := range familyNames {
		for j, given := range givenNames {
			people = append(people, demodirectory.Person{GivenName: given, FamilyName: family,
				Mail: address(given, family, corpDomain), Department: departments[(i+j)%len(departments)], Title: "Engineer"})
		}
	}
	return people
}

func address(given, family, domain string) string {
	return strings.ToLower(given + "." + family + "@" + domain)
}

// scimUser is a user as an identity provider sends one.
func scimUser(given, family, mail string) map[string]any {
	return map[string]any{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": mail, "externalId": "ext-" + mail, "active": true,
		"name":   map[string]any{"givenName": given, "familyName": family},
		"emails": []map[string]any{{"value": mail, "type": "work", "primary": true}},
	}
}
