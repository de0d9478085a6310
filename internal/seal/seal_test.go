package seal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/seal"
)

func read(t *testing.T, file string) *seal.Keys {
	t.Helper()
	keys, err := seal.Read(file)
	require.NoError(t, err)
	return keys
}

func newFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys")
	id, err := seal.Create(file)
	require.NoError(t, err)
	require.Equal(t, []string{id}, read(t, file).IDs())
	return file
}

func TestWhatIsSealedOpensOnlyForWhatItBelongsTo(t *testing.T) {
	keys := read(t, newFile(t))
	sealed, err := keys.Seal("hunter2", "org", "connector")
	require.NoError(t, err)
	require.NotContains(t, sealed, "hunter2")
	require.True(t, strings.HasPrefix(sealed, "1."+keys.IDs()[0]+"."), "it says by which key: %s", sealed)
	again, err := keys.Seal("hunter2", "org", "connector")
	require.NoError(t, err)
	require.NotEqual(t, sealed, again, "the same secret twice is not to be seen")
	secret, err := keys.Open(sealed, "org", "connector")
	require.NoError(t, err)
	require.Equal(t, "hunter2", secret)

	fields := strings.Split(sealed, ".")
	middle := len(fields[2]) / 2
	flipped := "A"
	if fields[2][middle] == 'A' {
		flipped = "B"
	}
	for name, c := range map[string]struct {
		sealed    string
		belongsTo []string
	}{
		"another connector":        {sealed, []string{"org", "other"}},
		"another organization":     {sealed, []string{"other", "connector"}},
		"the words cut elsewhere":  {sealed, []string{"orgc", "onnector"}},
		"one word":                 {sealed, []string{"orgconnector"}},
		"nothing":                  {sealed, nil},
		"a changed byte":           {fields[0] + "." + fields[1] + "." + fields[2][:middle] + flipped + fields[2][middle+1:], []string{"org", "connector"}},
		"cut short":                {fields[0] + "." + fields[1] + "." + fields[2][:8], []string{"org", "connector"}},
		"no base64":                {fields[0] + "." + fields[1] + ".*", []string{"org", "connector"}},
		"a version of the future":  {"2." + fields[1] + "." + fields[2], []string{"org", "connector"}},
		"nothing that was sealed":  {"hunter2", []string{"org", "connector"}},
		"not even nothing at all ": {"", []string{"org", "connector"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := keys.Open(c.sealed, c.belongsTo...)
			require.Equal(t, seal.RuleDamaged, identity.RuleOf(err))
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestANewKeySealsAndTheOldOneStillOpens(t *testing.T) {
	file := newFile(t)
	old := read(t, file)
	sealed, err := old.Seal("hunter2", "x")
	require.NoError(t, err)
	require.True(t, old.Current(sealed))

	id, err := seal.Add(file)
	require.NoError(t, err)
	both := read(t, file)
	require.Equal(t, append([]string{id}, old.IDs()...), both.IDs())
	require.False(t, both.Current(sealed))
	secret, err := both.Open(sealed, "x")
	require.NoError(t, err)
	require.Equal(t, "hunter2", secret)
	resealed, err := both.Seal(secret, "x")
	require.NoError(t, err)
	require.True(t, both.Current(resealed))

	_, err = old.Open(resealed, "x")
	require.Equal(t, seal.RuleUnknownKey, identity.RuleOf(err))
	require.Equal(t, identity.Unavailable, identity.KindOf(err))
	require.ErrorContains(t, err, "the key "+id+", which is not in the file")
	require.ErrorContains(t, err, old.IDs()[0])
}

func TestWithoutKeysNothingIsSealedAndTheKeyIsNamed(t *testing.T) {
	var none *seal.Keys
	_, err := none.Seal("hunter2", "x")
	require.Equal(t, seal.RuleNoKey, identity.RuleOf(err))
	require.ErrorContains(t, err, "rollcall key create")
	require.Empty(t, none.IDs())
	keys := read(t, newFile(t))
	sealed, err := keys.Seal("hunter2", "x")
	require.NoError(t, err)
	_, err = none.Open(sealed, "x")
	require.Equal(t, seal.RuleNoKey, identity.RuleOf(err))
	require.ErrorContains(t, err, keys.IDs()[0])
	require.False(t, none.Current(sealed))
}

func TestFilesOfKeys(t *testing.T) {
	good := strings.Repeat("A", 43) + "="
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		want string // empty: it can be read
	}{
		"with a comment and a blank line":   {"# made in May\n\n" + good + "\n", 0o600, ""},
		"with the ends of lines of Windows": {good + "\r\n", 0o600, ""},
		"for a group":                       {good, 0o640, ""},
		"for everybody":                     {good, 0o644, "chmod o="},
		"for everybody to write":            {good, 0o602, "chmod o="},
		"empty":                             {"", 0o600, "there is no key"},
		"comments only":                     {"# nothing\n", 0o600, "there is no key"},
		"too short":                         {"AAAA\n", 0o600, ":1: this is no key"},
		"no base64":                         {good + "\nhello\n", 0o600, ":2: this is no key"},
		"the same key twice":                {good + "\n" + good + "\n", 0o600, "stands there twice"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "keys")
			require.NoError(t, os.WriteFile(file, []byte(c.text), c.mode))
			require.NoError(t, os.Chmod(file, c.mode))
			_, err := seal.Read(file)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), good)
		})
	}
	_, err := seal.Read(filepath.Join(t.TempDir(), "none"))
	require.ErrorContains(t, err, "cannot be read")
	file := newFile(t)
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	_, err = seal.Create(file)
	require.ErrorContains(t, err, "is there already")
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, before, after)
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	_, err = seal.Add(filepath.Join(t.TempDir(), "none"))
	require.Error(t, err)
}
