# Rollcall: what a developer does, one word each. "make" alone lists them.

# A clone that belongs to somebody else must build too: the go command would refuse to ask git about it.
export GOFLAGS := $(GOFLAGS) -buildvcs=false
# The database driver of SQLite is C.
export CGO_ENABLED := 1

GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME ?= 4s
KILLS ?= 25
USERS ?= 100000
PACKAGES ?= ./...
STORE ?= sqlite

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test check unit unit-sqlite unit-postgres fuzz conformance lint fmt bench benchmarks kill fixtures

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## the whole story on embedded parts: nothing to install, nothing kept
	go run ./cmd/rollcall demo

test: fixtures check unit-sqlite unit-postgres fuzz ## everything that has to pass: format, vet, tests with the race detector and on PostgreSQL, a little fuzzing

check: ## format and vet only
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "not formatted (make fmt):"; echo "$$unformatted"; exit 1; }
	go vet $(PACKAGES)

unit: unit-$(STORE) ## the tests with the race detector, or with STORE=postgres those that use a store on PostgreSQL; PACKAGES=./scim/... for a part

# What "make check" has vetted is not vetted again with each build. A program with the race detector waits a second at its end for races that
# are still to be told, unless it is told otherwise.
TEST := go test -vet=off
export GORACE := atexit_sleep_ms=50

# Property tests draw a quarter of what they do without the race detector (fresh.Rounds).
#
# Three packages at a time, on few processors too: many tests wait for servers and disks. Not more, because each may start servers of its own, and
# memory and ports are not endless. Those that take longest begin first, so that none of them is left alone at the end.
#
# A program takes four times as long with the race detector. SEQUENTIAL, a package, and MANY, tests of other packages, do one thing after another
# thousands of times: nothing in them happens at the same time that does not in tests with few, which run with the race detector. They run
# without. So do those that mostly ask other processes, which are built without it. Where the tests of MANY are is looked up, so a test that has
# got another name runs with the race detector like any other, and none is left out.
LONGEST := rollcall/directory rollcall/cmd/rollcall rollcall/store rollcall/directory/ldap
SEQUENTIAL := rollcall/identity/model
MANY := \
	TestCLM33_TwentyThousandClaimsInOneFileAndNotOneMore \
	TestCSV01_TwentyThousandRowsAreImportedAndOneMoreIsRefused \
	TestCSV03_ADryRunRemembersWhatEarlierRowsWouldHaveDone \
	TestCommandsAreTheSameAloneAndAmongAll \
	TestDIR06_DirSyncInRoundsWithoutEnd \
	TestDIR06_WhatChangesInActiveDirectoryIsTold \
	TestDIR13_AGroupOfThousands \
	TestDIR16_KilledAnywhere \
	TestFiveThousandPeople \
	TestI11_NeitherOrganizationOfAClaimLearnsOfTheOther \
	TestI13_NoSequenceOfSmallRunsLosesMoreThanTheBudget \
	TestImport_AFileThatIsNotAsItWasWritten \
	TestInstances \
	TestReport_OfTheRealServers \
	TestSynchronizationIsTheSameOnADatabaseAndOnAServer \
	TestTheCommandsDoTheSameOnADatabaseAndOnAServer
empty :=
MANY_PATTERN := ($(subst $(empty) $(empty),|,$(strip $(MANY))))
unit-sqlite:
	@all=$$(go list $(PACKAGES)); list() { printf '%s\n' "$$@"; }; \
	sequential=$$(echo "$$all" | grep -xF "$(SEQUENTIAL)" || true); \
	longest=$$(list $(LONGEST) | grep -xF "$$all" || true); \
	others=$$(echo "$$all" | grep -vxF "$$(list $(SEQUENTIAL) $(LONGEST))" || true); \
	many=$$(go list -f '{{.ImportPath}} {{.Dir}}' $(PACKAGES) | while read -r package dir; do \
		! grep -qsE '^func $(MANY_PATTERN)\(' "$$dir"/*_test.go || echo "$$package"; done); \
	[ -z "$$longest$$others" ] || $(TEST) -race -timeout 20m -p 3 -skip '^$(MANY_PATTERN)$$' $$longest $$others || exit; \
	[ -z "$$many" ] || $(TEST) -timeout 20m -p 3 -run '^$(MANY_PATTERN)$$' $$many || exit; \
	[ -z "$$sequential" ] || $(TEST) -timeout 20m $$sequential

# The packages whose tests open a store with store/fresh, on a PostgreSQL server that each package starts for itself; without the race detector,
# and with a twentieth of the repetitions and draws (fresh.Rounds), because a transaction takes ten times as long there. Left out are
#   store             its contract, faults and copying are tested on both engines in the first pass
#   identity/model    it copies one file for each sequence, and looks at its tables; it does not use store/fresh
#   SOME              of cmd/rollcall and directory/ldap all but STORED: they have tests of their own with servers on PostgreSQL in the first pass,
#                     and what real directories are asked is not stored, but would start Samba and slapd once more
#   REAL              tests of real directories in other packages, for the same reason
#   LARGE             files of as many rows as are allowed, which are about the limit and not about what is stored
#   the story migrate it begins with nothing, and store/fresh gives databases that are migrated
BOTH_ENGINES := rollcall/store rollcall/store/fresh
SOME := rollcall/directory/ldap rollcall/cmd/rollcall
STORED := ^TestDIR16_DIR19_NoFaultLosesAnybody$$|^TestDIR16_DIR19_NoFaultEndsAMembership$$|^TestStories$$
REAL := ^TestDIR06_WhatChangesIn|^TestDIR06_WhatAnAccountCannotHearOf|^TestDIR07_AYearIn|^TestFiveThousandPeople|^TestDIR13_AGroupOfThousands|^TestDIR16_ADomainController|^TestSurprise12_SyncingAfter|^TestDIR18_AnAccountThatDoesNotSee
USES_FRESH := {{if eq . "rollcall/store/fresh"}}{{println $$.ImportPath}}{{end}}
LARGE := ^TestCSV01_TwentyThousandRows|^TestCLM33_TwentyThousandClaims|^TestCSV06_ManyPagesMakeOneFile|20000Users
unit-postgres: export ROLLCALL_TEST_STORE := postgres
unit-postgres:
	@all=$$(go list -f '{{range .TestImports}}$(USES_FRESH){{end}}{{range .XTestImports}}$(USES_FRESH){{end}}' $(PACKAGES) | sort -u); \
	list() { printf '%s\n' "$$@"; }; \
	whole=$$(echo "$$all" | grep -vxF "$$(list $(BOTH_ENGINES) $(SOME))"); some=$$(echo "$$all" | grep -xF "$$(list $(SOME))"); \
	[ -z "$$whole" ] || $(TEST) -timeout 15m -p 3 -skip '$(REAL)|$(LARGE)' $$whole || exit; \
	[ -z "$$some" ] || $(TEST) -timeout 15m -run '$(STORED)' -skip '^TestStories$$/^migrate$$' $$some

# Each package is built once for all of its targets, and SQLite, which no target asks anything of, without making it quick: that takes as long as
# all the rest. Then one target for each processor at a time, with a worker of its own. A target that fails because the time of the test itself
# ran out, and with no input, has found nothing and has another try (go.dev/issue/75804).
fuzz: export CGO_CFLAGS := -O0
fuzz: ## each fuzz target for FUZZTIME (4s)
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; found=$$(go env GOCACHE)/fuzz; \
	for package in $$(go list $(PACKAGES)); do \
		dir=$$(go list -f '{{.Dir}}' $$package); program=$$folder/$$(echo "$$package" | tr / .); \
		targets=$$(sed -n "s|^func \(Fuzz[A-Za-z0-9_]*\)(.*|\1|p" "$$dir"/*_test.go 2>/dev/null); \
		[ -z "$$targets" ] || $(TEST) -c -fuzz . -o "$$program" "$$package" || exit; \
		for target in $$targets; do echo "$$package $$dir $$program $$target $$found"; done; \
	done >"$$folder/targets" && xargs -P "$$(nproc)" -L 1 sh -c 'cd "$$1" || exit; for try in 1 2; do \
			out=$$("$$2" -test.run "^$$" -test.fuzz "^$$3$$" -test.fuzztime $(FUZZTIME) -test.parallel 1 -test.fuzzcachedir "$$4/$$0" 2>&1); status=$$?; \
			case "$$status $$out" in 0*|*"Failing input"*) break;; *"context deadline exceeded"*) ;; *) break;; esac; \
		done; \
		echo "fuzz $$0 $$3"; echo "$$out" | tail -n $$((status ? 100 : 2)); exit $$status' <"$$folder/targets"

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
