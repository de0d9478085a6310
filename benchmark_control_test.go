package rollcall

import (
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A control is this test program started again as a bare server: net/http and nothing else between the request and what the
// benchmark compares with.
const (
	controlVariable = "ROLLCALL_BENCH_CONTROL" // echo, or the database file of look-ups
	echoControl     = "echo"
)

func TestMain(m *testing.M) {
	if control := os.Getenv(controlVariable); control != "" {
		if err := serveControl(control); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func serveControl(control string) error {
	handler := http.HandlerFunc(echo)
	if control != echoControl {
		var err error
		if handler, err = lookUp(control); err != nil {
			return err
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "Listening on http://%s\n", l.Addr())
	s := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	return s.Serve(l)
}

// echo decodes the JSON that it gets and encodes it again: what any server of JSON has to do.
func echo(w http.ResponseWriter, r *http.Request) {
	var v map[string]any
	if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/scim+json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(v)
}

// lookUp answers with the row of a userName: one prepared SELECT and the encoding of what it found.
func lookUp(database string) (http.HandlerFunc, error) {
	db, err := sql.Open("sqlite3", "file:"+database+"?mode=ro")
	if err != nil {
		return nil, err
	}
	find, err := db.Prepare("SELECT hex(id), user_name, emails, profile FROM accounts WHERE org_id = ? AND user_name_key = ?")
	if err != nil {
		return nil, err
	}
	return func(w http.ResponseWriter, r *http.Request) {
		var id, name, emails, profile string
		q := r.URL.Query()
		org, err := hex.DecodeString(strings.ReplaceAll(q.Get("org"), "-", ""))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := find.QueryRowContext(r.Context(), org, q.Get("name")).Scan(&id, &name, &emails, &profile); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/scim+json")
		_ = json.NewEncoder(w).Encode(map[string]any{"id": id, "userName": name, "emails": json.RawMessage(emails), "profile": json.RawMessage(profile)})
	}, nil
}

// startControl starts a control and returns its URL.
func startControl(b *testing.B, control string) string {
	self, err := os.Executable()
	require.NoError(b, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), controlVariable+"="+control)
	return start(b, cmd)
}

// startProduct builds the program and starts its server on a database.
func startProduct(b *testing.B, database string) string {
	binary := filepath.Join(b.TempDir(), "rollcall")
	out, err := exec.Command("go", "build", "-o", binary, "./cmd/rollcall").CombinedOutput()
	require.NoError(b, err, string(out))
	return start(b, exec.Command(binary, "serve", "--database", "sqlite:"+database, "--listen", "127.0.0.1:0", "--scim-rate-limit", "100000"))
}

// start runs a server until the benchmark ends and returns the URL that it says it listens on. Its log goes to a file, as it
// would where it is installed.
func start(b *testing.B, cmd *exec.Cmd) string {
	log, err := os.Create(filepath.Join(b.TempDir(), "log"))
	require.NoError(b, err)
	defer log.Close()
	cmd.Stderr = log
	require.NoError(b, cmd.Start())
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed, so it says nothing new
	})
	var url string
	require.Eventually(b, func() bool {
		text, err := os.ReadFile(log.Name())
		for line := range strings.Lines(string(text)) {
			if rest, found := strings.CutPrefix(line, "Listening on "); found && err == nil && strings.HasSuffix(rest, "\n") {
				url = strings.TrimSpace(rest)
			}
		}
		return url != ""
	}, time.Minute, 10*time.Millisecond)
	return url
}
