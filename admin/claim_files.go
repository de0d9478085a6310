package admin

import (
	"context"
	"io"
	"net/http"

	"rollcall/bulk"
	"rollcall/identity"
)

const claimImportsPath = claimsPath + "/imports"

func (a *api) addClaimFiles() {
	candidates := operation{
		id: "getCandidatesFile", method: http.MethodGet, path: claimsPath + "/candidates.csv", scope: scopeReadClaims,
		summary: "Download everybody who can be claimed", about: "A CSV file with all users who can be claimed, however many there are. `Claim Mode` says how each of them is claimed, as the settings were " +
			"when the file was made; for another setting download another file. Delete the rows of those who shall stay where they are, say TRUE or FALSE for licences, and import the file.",
	}
	add(a, candidates, func(_ context.Context, in *OrgPath) (*download, error) {
		return a.file("candidates.csv", func(ctx context.Context, w io.Writer) error { return a.jobs.WriteClaimable(ctx, w, in.id()) }), nil
	})
	a.describeFile(candidates, false)
	template := operation{
		id: "getClaimTemplate", method: http.MethodGet, path: claimsPath + "/template.csv", scope: scopeReadClaims,
		summary: "Download the template of a claim by file", about: "A CSV file with the columns of the candidates and no rows. Only the user's address has to be filled in; without a mode the " +
			"organization's settings at the time of the import decide.",
	}
	add(a, template, func(_ context.Context, in *OrgPath) (*download, error) {
		return a.file("claims-template.csv", func(ctx context.Context, w io.Writer) error { return a.jobs.WriteClaimTemplate(ctx, w, in.id()) }), nil
	})
	a.describeFile(template, false)
	in := operation{
		id: "importClaims", method: http.MethodPost, path: claimImportsPath, scope: scopeWriteClaims, status: http.StatusAccepted, maxBody: maxFile,
		summary: "Claim the users of a CSV file", about: "At most 20,000 users. A file that is not CSV or has unknown columns is refused as a whole; then a job starts and claims row by row. One runs at a time. " +
			"A row that cannot be done stops no other; the job's results say what came of each. Users who are in the organization already get the licences of their rows and nothing else. " +
			"The same file can be sent again: nobody is claimed twice.",
		refusals: []int{http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType},
	}
	add(a, in, a.importClaims)
	a.describeFile(in, true)
	add(a, operation{
		id: "listClaimImports", method: http.MethodGet, path: claimImportsPath, scope: scopeReadClaims,
		summary: "List claims by file", about: "The newest first.",
	}, a.listClaimImports)
	add(a, operation{
		id: "getClaimImport", method: http.MethodGet, path: claimImportsPath + "/{job}", scope: scopeReadClaims,
		summary: "Show a claim by file", about: "How far the job is, and how it ended. Its results are those of any job.",
	}, a.getClaimImport)
}

func (a *api) importClaims(ctx context.Context, in *struct {
	OrgPath
	AcknowledgePermanent bool `query:"acknowledgePermanent" doc:"Has to be true, except for a dry run: a claim moves people for good"`
	DryRun               bool `query:"dryRun" doc:"Judge every row and change nothing"`
	RemoveServices       bool `query:"removeServices" doc:"FALSE takes a licence away from somebody who is in the organization already; without this it leaves them alone"`
	Upload
}) (*body[Job], error) {
	if err := in.check(ctx); err != nil {
		return nil, err
	}
	options := bulk.ClaimOptions{Acknowledged: in.AcknowledgePermanent, DryRun: in.DryRun, RemoveServices: in.RemoveServices}
	job, err := a.jobs.StartClaims(ctx, callerOf(ctx).actor(), in.id(), in.body, options)
	return started(job, in.tooLong(ctx, err))
}

func (a *api) listClaimImports(ctx context.Context, in *struct {
	OrgPath
	Page
}) (*body[jobList], error) {
	return a.jobPage(ctx, in.OrgPath, in.Page, identity.JobClaim)
}

func (a *api) getClaimImport(ctx context.Context, in *JobPath) (*body[Job], error) {
	job, err := a.service.Reader().Job(ctx, in.id(), in.job())
	if err != nil {
		return nil, err
	}
	if job.Kind != identity.JobClaim {
		return nil, identity.Refuse(identity.NotFound, identity.RuleUnknownJob, "this job claims nobody; look for it among the jobs")
	}
	return &body[Job]{showJob(job)}, nil
}
