package config

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"log/slog"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var sameSettings = cmp.Options{
	cmpopts.IgnoreUnexported(Config{}),
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
}

// parse runs Parse on arguments in one string, an environment, and a file
// named roomful.toml.
func parse(args string, env map[string]string, file string) (*Config, error) {
	return Parse(strings.Fields(args), func(name string) string { return env[name] }, func(path string) ([]byte, error) {
		if path != "roomful.toml" {
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		}
		return []byte(file), nil
	})
}

func mustParse(t *testing.T, args string, env map[string]string, file string) *Config {
	t.Helper()
	c, err := parse(args, env, file)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefaultIsValid(t *testing.T) {
	c := mustParse(t, "", nil, "")
	if diff := cmp.Diff(Default(), *c, sameSettings); diff != "" {
		t.Fatal(diff)
	}
}

// A hall of 10,000 behind one router, two devices each, must pass untouched.
func TestDefaultLetsAHallIn(t *testing.T) {
	c := Default()
	if c.AddressJoins < 10_000 || c.AddressConnections < 20_000 || c.MaxConnections < c.AddressConnections {
		t.Fatalf("joins %v, connections %d of %d", c.AddressJoins, c.AddressConnections, c.MaxConnections)
	}
}

func TestEveryFieldHasOneSetting(t *testing.T) {
	c := Default()
	seen := make(map[uintptr]string)
	for _, s := range c.settings() {
		at := reflect.ValueOf(s.value).Pointer()
		if other := seen[at]; other != "" {
			t.Errorf("%s and %s set the same field", other, s.name)
		}
		seen[at] = s.name
	}
	v := reflect.ValueOf(&c).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.IsExported() && seen[v.Field(i).Addr().Pointer()] == "" {
			t.Errorf("%s has no setting", f.Name)
		}
	}
}

func TestSources(t *testing.T) {
	env := map[string]string{"ROOMFUL_CONFIG": "roomful.toml", "ROOMFUL_DATA": "from-env", "ROOMFUL_IDLE": "2m"}
	file := `
data = "from-file"
idle = "1m"
loops = 3
portable-sockets = true
reactions-per-second = 2.5
trusted-proxies = ["10.1.2.3/8", "192.0.2.7"]
`
	c := mustParse(t, "--data from-flag --max-message=128KiB -log-level debug --api-key a --api-key=b,c", env, file)
	want := Default()
	want.Data, want.Idle, want.Loops, want.PortableSockets = "from-flag", 2*time.Minute, 3, true
	want.ReactionsPerSecond, want.MaxMessage, want.LogLevel = 2.5, 128<<10, slog.LevelDebug
	want.APIKeys = []string{"a", "b", "c"}
	want.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32")}
	if diff := cmp.Diff(want, *c, sameSettings); diff != "" {
		t.Error(diff)
	}
	for name, origin := range map[string]string{
		"data": "--data", "idle": "ROOMFUL_IDLE", "loops": "roomful.toml", "addr": "default", "nothing": "",
	} {
		if got := c.Origin(name); got != origin {
			t.Errorf("%s is from %q, want %q", name, got, origin)
		}
	}
}

func TestListOfAHigherSourceReplaces(t *testing.T) {
	env := map[string]string{"ROOMFUL_API_KEY": "a, b"}
	if got := mustParse(t, "", env, "").APIKeys; !cmp.Equal(got, []string{"a", "b"}) {
		t.Errorf("from the environment: %q", got)
	}
	if got := mustParse(t, "--api-key c", env, "").APIKeys; !cmp.Equal(got, []string{"c"}) {
		t.Errorf("from a flag over the environment: %q", got)
	}
	if got := mustParse(t, "--read-anonymously=", nil, "").ReadAnonymously; len(got) != 0 {
		t.Errorf("an empty list: %q", got)
	}
}

func TestFileSecretsMayHaveCommas(t *testing.T) {
	c := mustParse(t, "--config roomful.toml", nil, `token-hmac-secrets = ["a,b"]`)
	if !cmp.Equal(c.TokenHMACSecrets, []string{"a,b"}) {
		t.Fatalf("%q", c.TokenHMACSecrets)
	}
}

func TestEverythingWrongIsSaidAtOnce(t *testing.T) {
	env := map[string]string{"ROOMFUL_CONFIG": "roomful.toml", "ROOMFUL_IDLE": "30", "ROOMFUL_TOKEN_HMAC_SECRETS": "hunter2,,"}
	file := `
photo-max = 25
free_disk_floor = "1GiB"
addr = ["a"]
allowed-origins = "https://blog.example"
loops = { a = 1 }
`
	_, err := parse("--loop 3 --max-conections=4 stray --trusted-proxies 10.0.0.0/33 --data", env, file)
	if err == nil {
		t.Fatal("accepted")
	}
	want := []string{
		`--loop: there is no such flag (did you mean loops?)`,
		`--max-conections: there is no such flag`,
		`"stray" is not a flag`,
		`--data: needs a value`,
		`roomful.toml: addr: want one value, not a list`,
		`roomful.toml: allowed-origins: want a list, for example ["one", "two"]`,
		`roomful.toml: photo-max: want a size with a unit, for example 64KiB, 25MiB, 1GB`,
		`roomful.toml: loops: want a string, a number or true or false`,
		`roomful.toml: free_disk_floor: there is no such setting (did you mean free-disk-floor?)`,
		`ROOMFUL_TOKEN_HMAC_SECRETS: has an empty value in its list`,
		`--trusted-proxies: want addresses or networks, for example 10.0.0.0/8, fd00::/8, 192.0.2.7`,
		`ROOMFUL_IDLE: want a duration with a unit, for example 500ms, 25s, 2m`,
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Fatal(diff)
	}
}

func TestValuesThatCannotWork(t *testing.T) {
	for _, args := range []string{
		"--addr 8080", "--addr localhost:http", "--addr :70000", "--public-url party.example", "--public-url https://a.example/path",
		"--public-url javascript:alert(1)", "--public-url https://user@a.example", "--tls-cert c.pem", "--jwks-url http://keys.example/jwks",
		"--jwks-url https://user:secret@keys.example", "--allowed-origins *", "--allowed-origins https://a.example/", "--read-anonymously Talk",
		"--max-connections 0", "--max-connections -1", "--max-connections 1e3", "--address-joins 0.5", "--address-joins NaN", "--reactions-burst 0",
		"--reactions-per-second 0", "--reactions-per-second Inf", "--max-message 1B", "--max-message 1GiB", "--max-message 65536", "--max-message -1KiB",
		"--photo-max 0B", "--photo-max 9999999999TiB", "--idle 0s", "--idle -1s", "--drain-window x", "--log-level loud", "--log-format xml",
		"--portable-sockets=maybe", "--trusted-proxies fe80::1%eth0", "--config missing.toml", "--data=",
	} {
		if c, err := parse(args, nil, ""); err == nil {
			t.Errorf("%s: accepted as %+v", args, *c)
		}
	}
}

func TestErrorsNeverQuoteSecrets(t *testing.T) {
	for _, file := range []string{"api-key = hunter2", `api-key = "hunter2"`, "api-key = [[\"hunter2\"]]", "token-hmac-secrets = [\"hunter2\n\"]"} {
		_, err := parse("--config roomful.toml", nil, file)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestHelp(t *testing.T) {
	for _, args := range []string{"--help", "-h", "--data x --nope --help"} {
		if _, err := parse(args, nil, ""); !errors.Is(err, flag.ErrHelp) {
			t.Errorf("%s: %v", args, err)
		}
	}
	var b bytes.Buffer
	if err := Usage(&b); err != nil || !strings.Contains(b.String(), "--free-disk-floor") {
		t.Errorf("%v\n%s", err, &b)
	}
}

func TestSampleIsTheDefault(t *testing.T) {
	var b bytes.Buffer
	if err := Sample(&b); err != nil {
		t.Fatal(err)
	}
	var active strings.Builder
	for line := range strings.Lines(b.String()) {
		if strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "# ") {
			line = line[1:]
		}
		active.WriteString(line)
	}
	c := mustParse(t, "--config roomful.toml", nil, active.String())
	if diff := cmp.Diff(Default(), *c, sameSettings); diff != "" {
		t.Fatal(diff)
	}
	for _, s := range c.settings() {
		if c.Origin(s.name) != "roomful.toml" {
			t.Errorf("the sample lacks %s", s.name)
		}
	}
	if c := mustParse(t, "--config roomful.toml", nil, b.String()); len(c.origins) != 0 {
		t.Errorf("the sample sets %v as it is", c.origins)
	}
}

func TestPrintShowsNoSecret(t *testing.T) {
	c := mustParse(t, "--api-key hunter2,hunter3 --data /srv", map[string]string{"ROOMFUL_TOKEN_HMAC_SECRETS": "hunter4"}, "")
	var b bytes.Buffer
	if err := c.Print(&b); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{"data /srv --data folder", "api-key (2 set) --api-key", "token-hmac-secrets (1 set) ROOMFUL_TOKEN_HMAC_SECRETS", "idle 30s default", "jwks-url - default"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, &b)
		}
	}
	if strings.Contains(got, "hunter") {
		t.Errorf("a secret in\n%s", &b)
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]Size{"64KiB": 64 << 10, "1.5 MiB": 3 << 19, "25MB": 25e6, "7kB": 7000, "100B": 100, "2GiB": 2 << 30, "1TB": 1e12, "0B": 0} {
		var got Size
		if err := got.Set(text); err != nil || got != want {
			t.Errorf("%s is %d, %v; want %d", text, got, err, want)
		}
		var back Size
		if err := back.Set(got.String()); err != nil || back != got {
			t.Errorf("%d is written %s, read as %d, %v", got, got, back, err)
		}
	}
}

func FuzzFileNeverPanics(f *testing.F) {
	f.Add("idle = \"1m\"\n[a]\nb = 1")
	f.Add("api-key = [1, 2.5, true, 2026-11-22]")
	f.Fuzz(func(t *testing.T, file string) { _, _ = parse("--config roomful.toml", nil, file) })
}
