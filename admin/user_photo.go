package admin

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"rollcall/identity"
)

// UserPhoto tells of a user's photo.
type UserPhoto struct {
	ETag      string    `json:"etag" doc:"Changes with the photo; it is its SHA-256 in quotation marks"`
	MediaType string    `json:"mediaType" enum:"image/jpeg,image/png"`
	Width     int       `json:"width"`
	Height    int       `json:"height"`
	Size      int       `json:"size" doc:"In bytes"`
	UpdatedAt time.Time `json:"updatedAt"`
}

const photoPath = userPath + "/photo"

// photoCaching lets the caller's own machine keep a photo, and ask whether it is still the one before it shows it again: who may see it can
// change at any time.
const photoCaching = "private, no-cache"

func (a *api) addUserPhoto() {
	o := operation{
		id: "getUserPhoto", method: http.MethodGet, path: photoPath, scope: scopeReadUsers,
		summary: "Get a user's photo", about: "The bytes, as the directory has them. Users whose directory gives no photo have none (404).",
	}
	add(a, o, a.getUserPhoto)
	picture := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	for _, op := range operationsOf(a.huma.OpenAPI().Paths[o.path]) {
		op.Responses["200"].Content = map[string]*huma.MediaType{"image/jpeg": picture, "image/png": picture}
		op.Responses["304"] = &huma.Response{Description: "The photo is still the one of If-None-Match"}
	}
}

type photo struct {
	Status       int
	ContentType  string `header:"Content-Type"`
	ETag         string `header:"ETag" doc:"For If-None-Match"`
	CacheControl string `header:"Cache-Control"`
	Body         []byte
}

func (a *api) getUserPhoto(ctx context.Context, in *struct {
	UserPath
	IfNoneMatch string `header:"If-None-Match" doc:"ETags; if the photo has one of them, it is not sent again"`
}) (*photo, error) {
	read := a.service.Reader()
	account, err := read.Account(ctx, in.id(), in.account())
	if err != nil {
		return nil, err
	}
	for ctx.Err() == nil {
		list, err := read.PhotosOf(ctx, in.id(), []identity.AccountID{account.ID})
		if err != nil {
			return nil, err
		}
		if len(list) > 0 && namesTag(in.IfNoneMatch, photoTag(list[0].Photo)) {
			return &photo{Status: http.StatusNotModified, ETag: photoTag(list[0].Photo), CacheControl: photoCaching}, nil
		}
		content, err := read.PhotoContent(ctx, in.id(), account.ID)
		if err != nil {
			return nil, err
		}
		if len(list) > 0 && identity.DigestOf(content) == list[0].Digest { // or else it was changed in between
			return &photo{Status: http.StatusOK, ContentType: list[0].MediaType, ETag: photoTag(list[0].Photo), CacheControl: photoCaching, Body: content}, nil
		}
	}
	return nil, ctx.Err()
}

func photoTag(p identity.Photo) string { return `"` + p.Digest + `"` }

// namesTag reports whether If-None-Match names a tag. The comparison is weak (RFC 9110 section 13.1.2).
func namesTag(ifNoneMatch, tag string) bool {
	for other := range strings.SplitSeq(ifNoneMatch, ",") {
		if other = strings.TrimPrefix(strings.TrimSpace(other), "W/"); other == tag || other == "*" {
			return true
		}
	}
	return false
}

// addPhotosTo tells of the photos of users.
func addPhotosTo(ctx context.Context, read identity.Reader, org identity.OrgID, ids []identity.AccountID, shown []User) error {
	photos, err := read.PhotosOf(ctx, org, ids)
	if err != nil {
		return err
	}
	of := make(map[string]identity.AccountPhoto, len(photos))
	for _, p := range photos {
		of[string(p.Account)] = p
	}
	for i := range shown {
		if p, there := of[shown[i].ID]; there {
			shown[i].Photo = &UserPhoto{ETag: photoTag(p.Photo), MediaType: p.MediaType, Width: p.Width, Height: p.Height, Size: p.Size, UpdatedAt: p.UpdatedAt}
		}
	}
	return nil
}
