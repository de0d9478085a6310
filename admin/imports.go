package admin

import (
	"context"
	"io"
	"net/http"

	"rollcall/bulk"
	"rollcall/identity"
)

func (a *api) addImports() {
	in := operation{
		id: "importUsers", method: http.MethodPost, path: importsPath, scope: scopeWriteUsers, status: http.StatusAccepted, maxBody: maxFile,
		summary: "Import users from a CSV file", about: "Adds those who are not there and changes those who are; nobody is deleted and no status is changed. " +
			"At most 20,000 users. A file that is not CSV or has unknown columns is refused as a whole; then a job starts and judges row by row. One runs at a time. " +
			"The same file can be sent again: what is as it says already stays.",
		refusals: []int{http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType},
	}
	add(a, in, a.importUsers)
	a.describeFile(in, true)
	template := operation{
		id: "getImportTemplate", method: http.MethodGet, path: importsPath + "/template", scope: scopeReadUsers,
		summary: "Download the template of an import", about: "A CSV file with the columns that the organization can import, and no rows.",
	}
	add(a, template, func(_ context.Context, in *OrgPath) (*download, error) {
		return a.file("template.csv", func(ctx context.Context, w io.Writer) error { return a.jobs.WriteTemplate(ctx, w, in.id()) }), nil
	})
	a.describeFile(template, false)
}

func (a *api) importUsers(ctx context.Context, in *struct {
	OrgPath
	DryRun         bool `query:"dryRun" doc:"Judge every row and change nothing"`
	RemoveServices bool `query:"removeServices" doc:"FALSE takes a licence away from a user who has it; without this it leaves the user alone"`
	Upload
}) (*body[Job], error) {
	if err := in.check(ctx); err != nil {
		return nil, err
	}
	options := bulk.ImportOptions{DryRun: in.DryRun, RemoveServices: in.RemoveServices}
	job, err := a.jobs.StartImport(ctx, callerOf(ctx).actor(), in.id(), in.body, options)
	return started(job, in.tooLong(ctx, err))
}

// ExportRequest narrows an export. What is absent does not narrow.
type ExportRequest struct {
	Status string `json:"status,omitempty" enum:"not_verified,verified,active,inactive,deferred_claim"`
	Reason string `json:"reason,omitempty" enum:"deactivated,deactivated_by_provider,inactive_when_claimed,directory_disabled,directory_deleted,directory_out_of_scope"`
	Source string `json:"source,omitempty" enum:"manual,csv,scim,directory,self,claim"`
	Q      string `json:"q,omitempty" maxLength:"256" doc:"Only users with this text in their userName or in one of their addresses"`
}

func (a *api) addExports() {
	add(a, operation{
		id: "exportUsers", method: http.MethodPost, path: exportsPath, scope: scopeWriteUsers, status: http.StatusAccepted,
		summary: "Export users into a CSV file", about: "Starts a job that writes the users that the filters leave into a file, which can be imported again. It is there for 7 days.",
		refusals: []int{http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType},
	}, a.exportUsers)
	file := operation{
		id: "getExport", method: http.MethodGet, path: exportsPath + "/{job}/file", scope: scopeReadUsers,
		summary: "Download an export", about: "The CSV file that the job has written. There for 7 days after the end of the job; then it is 410.",
		refusals: []int{http.StatusConflict, http.StatusGone},
	}
	add(a, file, func(_ context.Context, in *JobPath) (*download, error) {
		return a.file("users-"+in.Job+".csv", func(ctx context.Context, w io.Writer) error {
			return a.jobs.WriteExport(ctx, w, in.id(), in.job())
		}), nil
	})
	a.describeFile(file, false)
}

func (a *api) exportUsers(ctx context.Context, in *struct {
	OrgPath
	Body ExportRequest
}) (*body[Job], error) {
	return started(a.jobs.StartExport(ctx, callerOf(ctx).actor(), in.id(), bulk.ExportOptions{Filter: bulk.Filter{
		Status: identity.Status(in.Body.Status), Reason: identity.InactiveReason(in.Body.Reason), Source: identity.Source(in.Body.Source), Q: in.Body.Q,
	}}))
}
