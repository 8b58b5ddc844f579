package main

import (
	"os/exec"
	"strings"
	"testing"
)

func runs(t *testing.T, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command(roomful, args...)
	cmd.Env = env
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("roomful %v: %v", args, err)
	}
	return string(out)
}

// TestVersionAndHelp say what a person needs to know.
func TestVersionAndHelp(t *testing.T) {
	t.Parallel()
	if out := runs(t, nil, "version"); !strings.HasPrefix(out, "roomful ") || !strings.Contains(out, "go1.") {
		t.Errorf("version: %q", out)
	}
	for _, args := range [][]string{{"help"}, {"--help"}, {"-h"}, {}} {
		out := runs(t, nil, args...)
		for _, verb := range []string{"serve", "config", "version"} {
			if !strings.Contains(out, "roomful "+verb) {
				t.Errorf("%v does not mention %s", args, verb)
			}
		}
	}
	if out := runs(t, nil, "serve", "--help"); !strings.Contains(out, "--trusted-proxies") || !strings.Contains(out, "--config FILE") {
		t.Errorf("serve --help: %s", out)
	}
}

// TestConfigShowsOriginsAndNoSecrets.
func TestConfigShowsOriginsAndNoSecrets(t *testing.T) {
	t.Parallel()
	const hush = "hush-hush-this-is-a-secret-of-32-bytes"
	out := runs(t, []string{"ROOMFUL_API_KEY=" + hush, "ROOMFUL_TOKEN_HMAC_SECRETS=" + hush, "ROOMFUL_IDLE=7s"}, "config", "--addr", ":9999")
	if strings.Contains(out, "hush") {
		t.Errorf("a secret is shown:\n%s", out)
	}
	for name, words := range map[string][]string{
		"addr": {":9999", "--addr"}, "idle": {"7s", "ROOMFUL_IDLE"}, "api-key": {"(1 set)", "ROOMFUL_API_KEY"}, "drain-window": {"20s", "default"},
	} {
		found := false
		for line := range strings.Lines(out) {
			fields := strings.Fields(line)
			if len(fields) == 0 || fields[0] != name {
				continue
			}
			found = true
			for _, w := range words {
				if !strings.Contains(line, w) {
					t.Errorf("%s lacks %q: %s", name, w, line)
				}
			}
		}
		if !found {
			t.Errorf("%s is not listed:\n%s", name, out)
		}
	}
}

// TestWhatIsWrongIsSaid: with the name of the setting and what it should be,
// never the value of a secret, and nothing is served.
func TestWhatIsWrongIsSaid(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	for name, c := range map[string]struct{ args, words []string }{
		"an unknown command":  {[]string{"dance"}, []string{`"dance"`, "roomful help"}},
		"an unknown flag":     {[]string{"serve", "--dance"}, []string{"--dance", "no such flag"}},
		"nearly a flag":       {[]string{"serve", "--trusted-proxy", "10.0.0.0/8"}, []string{"--trusted-proxy"}},
		"a plural":            {[]string{"serve", "--api-keys", "x"}, []string{"did you mean api-key"}},
		"no flag":             {[]string{"serve", "data"}, []string{`"data"`, "not a flag"}},
		"a missing value":     {[]string{"serve", "--addr"}, []string{"--addr", "needs a value"}},
		"a bad address":       {[]string{"serve", "--addr", "here"}, []string{"addr", "host:port"}},
		"a bad duration":      {[]string{"serve", "--idle", "30"}, []string{"--idle", "unit"}},
		"a bad size":          {[]string{"serve", "--max-message", "64"}, []string{"--max-message", "unit"}},
		"half a certificate":  {[]string{"serve", "--tls-cert", "x.pem"}, []string{"tls-key"}},
		"two things":          {[]string{"serve", "--loops", "-1", "--log-format", "xml"}, []string{"--loops"}},
		"no certificate":      {[]string{"serve", "--addr", "127.0.0.1:0", "--data", data, "--tls-cert", data + "/no.pem", "--tls-key", data + "/no.key"}, []string{"no.pem"}},
		"no token key":        {[]string{"serve", "--addr", "127.0.0.1:0", "--data", data, "--token-keys", data + "/no.pem"}, []string{"no.pem"}},
		"a short secret":      {[]string{"serve", "--addr", "127.0.0.1:0", "--data", data, "--token-hmac-secrets", "tiny"}, []string{"32"}},
		"a port that is ours": {[]string{"serve", "--addr", "192.0.2.1:80", "--data", data}, []string{"192.0.2.1:80"}},
		"a folder in a file":  {[]string{"serve", "--addr", "127.0.0.1:0", "--data", "/dev/null/x"}, []string{"/dev/null/x"}},
	} {
		t.Run(name, func(t *testing.T) { refuses(t, c.args, c.words...) })
	}
}
