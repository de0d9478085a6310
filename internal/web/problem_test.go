package web_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/internal/web"
)

func TestAProblemIsWhatRFC9457Says(t *testing.T) {
	p := web.NewProblem(http.StatusConflict, "EMAIL_TAKEN", "the address is taken", "Use another one.")
	require.Equal(t, web.Problem{
		Type: "urn:rollcall:problem:EMAIL_TAKEN", Title: "Email taken", Status: 409, Detail: "the address is taken",
		Code: "EMAIL_TAKEN", Message: "the address is taken", Remedies: []web.Remedy{{Text: "Use another one."}},
	}, p)
	p.Say("another sentence")
	require.Equal(t, p.Detail, p.Message)
	require.Empty(t, web.NewProblem(http.StatusConflict, "X", "x", "").Remedies)
	require.Empty(t, web.NewProblem(http.StatusConflict, "", "x", "").Title)
}
