package store

import (
	"fmt"
	"testing"
	"time"
	"os"
	"bufio"
	"strings";"syscall"
	"github.com/stretchr/testify/require"
)

func TestZZQ(t *testing.T) {
	db := openSQLite("/tmp/crowd2.db", readerConnection)
	db.SetMaxOpenConns(1)
	var v string
	db.QueryRow("select sqlite_version()").Scan(&v)
	fmt.Println(v)
	var orgs [][]byte
	r, err := db.Query("select id from organizations where kind='customer' order by id")
	require.NoError(t, err)
	for r.Next() { var o []byte; r.Scan(&o); orgs = append(orgs, o) }
	r.Close()
	f, _ := os.Open("/tmp/q.sql")
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		name, q, ok := strings.Cut(sc.Text(), "|")
		if !ok { continue }
		for _, p := range columnsOf(db, "EXPLAIN QUERY PLAN "+q, "x", orgs[0]) { fmt.Println("     ", p) }
		st, err := db.Prepare(q)
		require.NoError(t, err, name)
		for _, k := range []int{0,1,2,50} {
			best := time.Hour
			n := 0
			for range 15 {
				b := cpu()
				st.QueryRow(companyDomain(k), orgs[k]).Scan(&n)
				best = min(best, cpu()-b)
			}
			fmt.Printf("%s %d rows %d %v %d ns/row\n", name, k, n, best, int(best)/max(1,n))
		}
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(0, &u)
	return time.Duration(u.Utime.Nano()+u.Stime.Nano())
}
