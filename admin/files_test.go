package admin

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/web"
)

// fetch answers with a file that write makes, over a real connection.
func fetch(t *testing.T, write func(context.Context, io.Writer) error) (*http.Response, []byte, error) {
	t.Helper()
	a := &api{logger: slog.New(slog.DiscardHandler)}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.file("users.csv", write).Body(humago.NewContext(nil, r, w))
	})
	server := httptest.NewServer(web.Front(handler, a.logger, nil))
	t.Cleanup(server.Close)
	response, err := server.Client().Get(server.URL)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, body, err
}

func TestAFileThatCannotBeMadeIsAnAnswerLikeAnyOther(t *testing.T) {
	response, body, err := fetch(t, func(context.Context, io.Writer) error {
		return identity.Refuse(identity.Gone, identity.RuleFileGone, "it is gone")
	})
	require.NoError(t, err)
	require.Equal(t, http.StatusGone, response.StatusCode)
	require.Equal(t, web.ProblemType, response.Header.Get("Content-Type"))
	require.Empty(t, response.Header.Get("Content-Disposition"))
	require.Contains(t, string(body), "FILE_GONE")
}

func TestAFileThatBreaksOffIsNotTakenForAWholeOne(t *testing.T) {
	response, _, err := fetch(t, func(_ context.Context, w io.Writer) error {
		for range 100 {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				return err
			}
		}
		return errors.New("the disk is gone")
	})
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestAFileWithNothingInItIsAFile(t *testing.T) {
	response, body, err := fetch(t, func(context.Context, io.Writer) error { return nil })
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, `attachment; filename=users.csv`, response.Header.Get("Content-Disposition"))
	require.Empty(t, body)
}

func TestTheSecretOfALinkIsFoundInTheWholeLinkToo(t *testing.T) {
	for link, want := range map[string]string{
		"SECRET": "SECRET", " SECRET\n": "SECRET", "https://id.example/links?key=SECRET": "SECRET", "https://id.example/links?lang=en&key=SECRET": "SECRET",
		"https://id.example/links/SECRET/": "SECRET", "https://id.example/links#SECRET": "SECRET", "": "", "/": "",
	} {
		require.Equal(t, want, secretIn(link), link)
	}
}
