package main

import (
	"encoding/json"
	"net/http"
)

// echo decodes the JSON that it gets and encodes it again: what any server of JSON has to do.
func echo(w http.ResponseWriter, r *http.Request) {
	var v map[string]any
	if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	writeDocument(w, http.StatusCreated, v)
}

func writeDocument(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/scim+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that has gone misses nothing
}
