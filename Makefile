# Rollcall: what a developer does, one word each. "make" alone lists them.

# A clone that belongs to somebody else must build too: the go command would refuse to ask git about it.
export GOFLAGS := $(GOFLAGS) -buildvcs=false
# The database driver of SQLite is C.
export CGO_ENABLED := 1

GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME ?= 5s
KILLS ?= 25
USERS ?= 100000
PACKAGES ?= ./...
STORE ?= sqlite

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test check unit unit-sqlite unit-postgres unit-both fuzz conformance lint fmt bench benchmarks kill fixtures

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## the whole story on embedded parts: nothing to install, nothing kept
	go run ./cmd/rollcall demo

test: fixtures check unit-sqlite unit-both fuzz ## everything that has to pass: format, vet, tests with the race detector and on PostgreSQL, a little fuzzing

check: ## format and vet only
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "not formatted (make fmt):"; echo "$$unformatted"; exit 1; }
	go vet $(PACKAGES)

unit: unit-$(STORE) ## the tests with the race detector, or with STORE=postgres those that use a store on PostgreSQL; PACKAGES=./scim/... for a part

# Property tests draw a quarter of what they do without the race detector (fresh.Rounds).
#
# Three packages at a time, on few processors too: many tests wait for servers and disks. Not more, because each may start servers of its own, and
# memory and ports are not endless.
#
# SEQUENTIAL does one thing after another, many times: there is nothing to race.
SEQUENTIAL := rollcall/identity/model
unit-sqlite:
	@all=$$(go list $(PACKAGES)); \
	race=$$(echo "$$all" | grep -vxF "$(SEQUENTIAL)" || true); plain=$$(echo "$$all" | grep -xF "$(SEQUENTIAL)" || true); \
	[ -z "$$race" ] || go test -race -timeout 20m -p 3 $$race || exit; \
	[ -z "$$plain" ] || go test -timeout 20m $$plain

# The packages whose tests open a store with store/fresh, on a PostgreSQL server that each package starts for itself; without the race detector,
# and with a twentieth of the repetitions and draws (fresh.Rounds), because a transaction takes ten times as long there. Left out are
#   ON_FILES  store, whose contract, faults and copying are tested on both engines in the first pass; directory/ldap and cmd/rollcall, whose
#             worlds are files (cmd/rollcall has tests of its own with servers on PostgreSQL); identity/model, which copies one file for each
#             sequence, does not use store/fresh
#   REAL      tests of real directories, which would start Samba and slapd once more
#   LARGE     files of as many rows as are allowed, which are about the limit and not about what is stored
ON_FILES := rollcall/store rollcall/store/fresh rollcall/directory/ldap rollcall/cmd/rollcall
REAL := ^TestDIR06_WhatChangesIn|^TestDIR06_WhatAnAccountCannotHearOf|^TestDIR07_AYearIn|^TestFiveThousandPeople|^TestDIR13_AGroupOfThousands|^TestDIR16_ADomainController|^TestSurprise12_SyncingAfter|^TestDIR18_AnAccountThatDoesNotSee
USES_FRESH := {{if eq . "rollcall/store/fresh"}}{{println $$.ImportPath}}{{end}}
LARGE := ^TestCSV01_TwentyThousandRows|^TestCLM33_TwentyThousandClaims|^TestCSV06_ManyPagesMakeOneFile|20000Users
# In make test it is the packages that have most of the rules: all of them take some minutes more than a change should wait.
BOTH ?= ./identity ./scim
unit-both:
	@$(MAKE) --no-print-directory unit-postgres PACKAGES='$(BOTH)'

unit-postgres:
	@packages=$$(go list -f '{{range .TestImports}}$(USES_FRESH){{end}}{{range .XTestImports}}$(USES_FRESH){{end}}' $(PACKAGES) | \
		sort -u | grep -vxF "$$(printf '%s\n' $(ON_FILES))"); \
	[ -z "$$packages" ] || ROLLCALL_TEST_STORE=postgres go test -timeout 15m -p 3 -skip '$(REAL)|$(LARGE)' $$packages

# One target for each processor at a time, with a worker of its own: go test takes one target, and leaves a processor idle while it builds
# and gathers what it knows. A target that fails because the time of go test itself ran out, and with no input, has found nothing and has another
# try (go.dev/issue/75804).
fuzz: ## each fuzz target for FUZZTIME (5s)
	@for package in $$(go list $(PACKAGES)); do \
		dir=$$(go list -f '{{.Dir}}' $$package); \
		sed -n "s|^func \(Fuzz[A-Za-z0-9_]*\)(.*|$$package \1|p" $$dir/*_test.go 2>/dev/null; \
	done | xargs -P "$$(nproc)" -L 1 sh -c 'for try in 1 2; do \
			out=$$(go test -run "^$$" -fuzz "^$$1$$" -fuzztime $(FUZZTIME) -parallel 1 $$0 2>&1); status=$$?; \
			case "$$status $$out" in 0*|*"Failing input"*) break;; *"context deadline exceeded"*) ;; *) break;; esac; \
		done; \
		echo "fuzz $$0 $$1"; echo "$$out" | tail -n $$((status ? 100 : 2)); exit $$status'

conformance: fixtures ## check the SCIM endpoints of the real server with scim2-tester; downloads it the first time
	fixtures/conformance/run.sh

lint: ## golangci-lint; downloads it the first time
	go run $(GOLANGCI_LINT) run $(PACKAGES)

fmt: ## format the code
	gofmt -w .

bench: fixtures ## measure the product beside its controls, into docs/performance.md; USERS=1000000 for the million
	go run ./cmd/rollcall-bench report --users $(USERS) --save docs/performance/report.json --plots docs/performance --page docs/performance.md

benchmarks: fixtures ## the Go benchmarks of single parts; PACKAGES=./directory/... for some
	go test -run '^$$' -timeout 2h -bench . -benchmem $(PACKAGES)

# The tests do the same with fewer people and once.
kill: ## kill "sync plan" and "sync apply" KILLS (25) times at each point, with 5,000 people
	go test ./cmd/rollcall -timeout 3h -run '^TestDIR16_KilledAnywhere' -v -kills $(KILLS) -people 5000

fixtures: ## install what the tests start (Samba AD, OpenLDAP, PostgreSQL, PgBouncer, nginx, Python); quick when it is there
	fixtures/install.sh
