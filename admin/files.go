package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"rollcall/identity"
	"rollcall/internal/web"
)

// csvType is the media type of the files that go in and out (RFC 4180).
const csvType = "text/csv"

// ndjsonType is the media type of files with one JSON object a line.
const ndjsonType = "application/x-ndjson"

// jsonType is the media type of a file that is one JSON value.
const jsonType = "application/json"

// fileTypes are the media types of files that go out, by the end of their names.
var fileTypes = map[string]string{".csv": csvType + "; charset=utf-8; header=present", ".ndjson": ndjsonType, ".json": jsonType}

// maxFile is the length of a file in bytes: twenty thousand users with long lines.
const maxFile = 16 << 20

// Files take longer than other bodies, but somebody who has stopped sending or taking must not keep a connection for ever.
const (
	filePause = 30 * time.Second // between two pieces
	fileTime  = 10 * time.Minute // for a whole file that comes in
)

// Upload is a file that comes as the body of a request. It is read as it comes and never held as a whole.
type Upload struct {
	kind string
	body io.Reader
}

// Resolve is how huma lets a handler have the body itself.
func (u *Upload) Resolve(ctx huma.Context) []error {
	r, w := humago.Unwrap(ctx)
	u.kind = r.Header.Get("Content-Type")
	u.body = &slowBody{from: http.MaxBytesReader(w, r.Body, maxFile), control: http.NewResponseController(w), until: time.Now().Add(fileTime)}
	return nil
}

// check refuses what does not say that it is CSV.
func (u *Upload) check(ctx context.Context) error {
	if kind, _, err := mime.ParseMediaType(u.kind); err == nil && kind == csvType {
		return nil
	}
	no := refuse(ctx, http.StatusUnsupportedMediaType, codeMediaType, "the body must be a CSV file")
	no.Remedies = []web.Remedy{{Text: "Send the file with Content-Type: " + csvType + "."}}
	return no
}

// tooLong tells of a file that was longer than allowed by its own name; other errors stay what they are.
func (u *Upload) tooLong(ctx context.Context, err error) error {
	var long *http.MaxBytesError
	if !errors.As(err, &long) {
		return err
	}
	no := refuse(ctx, http.StatusRequestEntityTooLarge, codeTooLarge, fmt.Sprintf("the file has more than %d bytes", long.Limit))
	no.Remedies = []web.Remedy{{Text: identity.RuleTooManyRows.Remedy()}}
	return no
}

// slowBody gives every piece of a body its own time to come.
type slowBody struct {
	from    io.Reader
	control *http.ResponseController
	until   time.Time
}

func (b *slowBody) Read(p []byte) (int, error) {
	deadline := time.Now().Add(filePause)
	if b.until.Before(deadline) {
		deadline = b.until
	}
	// A connection without deadlines is one without limits to extend.
	if err := b.control.SetReadDeadline(deadline); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return b.from.Read(p)
}

// download is a file as an answer. It is written as it is made.
type download struct {
	Body func(huma.Context)
}

// file returns a file that write makes. An error before the first byte is an answer like any other; behind it only a broken
// connection can say that the file is not whole.
func (a *api) file(name string, write func(ctx context.Context, w io.Writer) error) *download {
	return &download{Body: func(hc huma.Context) {
		r, w := humago.Unwrap(hc)
		ctx := r.Context()
		out := &outFile{w: w, name: name, control: http.NewResponseController(w)}
		err := write(ctx, out)
		switch {
		case err != nil && !out.begun:
			writeRefusal(w, mapError(ctx, a.logger, err))
		case err != nil:
			a.logger.ErrorContext(ctx, "file broken off", "request", web.RequestID(ctx), "error", err)
			panic(http.ErrAbortHandler)
		default:
			out.begin()
		}
	}}
}

// outFile is the writer below a file.
type outFile struct {
	w       http.ResponseWriter
	name    string
	control *http.ResponseController
	begun   bool
}

func (f *outFile) begin() {
	if f.begun {
		return
	}
	f.begun = true
	h := f.w.Header()
	h.Set("Content-Type", fileTypes[path.Ext(f.name)])
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.name}))
	f.w.WriteHeader(http.StatusOK)
}

func (f *outFile) Write(p []byte) (int, error) {
	f.begin()
	if err := f.control.SetWriteDeadline(time.Now().Add(filePause)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return f.w.Write(p)
}

// describeFile says in the OpenAPI document what huma cannot know: that an operation takes or gives a file.
func (a *api) describeFile(o operation, in bool) {
	text := map[string]*huma.MediaType{csvType: {Schema: &huma.Schema{Type: huma.TypeString}}}
	for _, op := range operationsOf(a.huma.OpenAPI().Paths[o.path]) {
		switch {
		case op.OperationID != o.id:
		case in:
			op.RequestBody = &huma.RequestBody{Required: true, Content: text, Description: "At most 16 MiB and 20,000 users, in UTF-8, with the header of the template"}
		default:
			op.Responses["200"] = &huma.Response{Description: "The file", Content: text}
		}
	}
}
