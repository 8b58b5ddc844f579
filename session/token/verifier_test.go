package token

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/roomful/roomful/room"
)

const secret = "a secret of thirty-two bytes, or more"

var (
	now = time.Unix(1_790_000_000, 0)

	edPublic, edPrivate, _ = ed25519.GenerateKey(rand.Reader)
	edOther, edOtherKey, _ = ed25519.GenerateKey(rand.Reader)
	ecKey, _               = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, _                = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
)

func pemOf(t testing.TB, public any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func jwkOf(t testing.TB, kid string, public any) json.RawMessage {
	t.Helper()
	b, err := jose.JSONWebKey{Key: public, KeyID: kid}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func setOf(keys ...json.RawMessage) []byte {
	b, _ := json.Marshal(map[string]any{"keys": keys})
	return b
}

// claims of a good token, with changes; a nil value removes the claim.
func claims(changes map[string]any) jwt.MapClaims {
	c := jwt.MapClaims{
		"sub": "u1", "name": "Ada", "exp": now.Unix() + 60,
		"rooms": []any{map[string]any{"match": "talk/*", "role": "guest"}},
	}
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func sign(t testing.TB, m jwt.SigningMethod, key any, kid string, c jwt.Claims) string {
	t.Helper()
	token := jwt.NewWithClaims(m, c)
	if kid != "" {
		token.Header["kid"] = kid
	}
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func newVerifier(t testing.TB, o Options) *Verifier {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return now }
	}
	v, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func refused(t testing.TB, v *Verifier, what, text string) {
	t.Helper()
	c, err := v.Verify(t.Context(), text)
	if err == nil {
		t.Errorf("%s: accepted as %+v", what, c)
		return
	}
	var e *room.Error
	if !errors.As(err, &e) || e.Code != room.Unauthenticated || !strings.HasSuffix(e.Message, ".") {
		t.Errorf("%s: %v", what, err)
	}
	if !cmp.Equal(c, Claims{}) {
		t.Errorf("%s: refused, yet says %+v", what, c)
	}
}

func accepted(t testing.TB, v *Verifier, what, text string) Claims {
	t.Helper()
	c, err := v.Verify(t.Context(), text)
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
	return c
}

func TestEveryAlgorithmAndKeyForm(t *testing.T) {
	v := newVerifier(t, Options{
		Secrets: []string{secret},
		KeyFiles: map[string][]byte{
			"pem": append(pemOf(t, edPublic), pemOf(t, &ecKey.PublicKey)...),
		},
	})
	byJWK := newVerifier(t, Options{KeyFiles: map[string][]byte{"jwk": jwkOf(t, "k1", edPublic), "set": setOf(jwkOf(t, "k2", &ecKey.PublicKey))}})
	want := Claims{Subject: "u1", Name: "Ada", Expires: now.Add(time.Minute), Rooms: []Grant{{"talk/*", room.Guest}}}
	for what, c := range map[string]Claims{
		"HS256":           accepted(t, v, "HS256", sign(t, jwt.SigningMethodHS256, []byte(secret), "", claims(nil))),
		"EdDSA":           accepted(t, v, "EdDSA", sign(t, jwt.SigningMethodEdDSA, edPrivate, "", claims(nil))),
		"ES256":           accepted(t, v, "ES256", sign(t, jwt.SigningMethodES256, ecKey, "", claims(nil))),
		"kid, PEM key":    accepted(t, v, "kid", sign(t, jwt.SigningMethodES256, ecKey, "any", claims(nil))),
		"EdDSA by JWK":    accepted(t, byJWK, "EdDSA by JWK", sign(t, jwt.SigningMethodEdDSA, edPrivate, "k1", claims(nil))),
		"ES256 by JWKS":   accepted(t, byJWK, "ES256 by JWKS", sign(t, jwt.SigningMethodES256, ecKey, "k2", claims(nil))),
		"JWK, kid absent": accepted(t, byJWK, "no kid", sign(t, jwt.SigningMethodEdDSA, edPrivate, "", claims(nil))),
	} {
		if diff := cmp.Diff(want, c); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
}

func TestForgeriesAreRefused(t *testing.T) {
	edPEM := pemOf(t, edPublic)
	v := newVerifier(t, Options{
		Secrets:  []string{secret},
		KeyFiles: map[string][]byte{"a.pem": edPEM, "b.jwk": jwkOf(t, "ec", &ecKey.PublicKey), "c.jwk": jwkOf(t, "ed2", edOther)},
	})
	good := sign(t, jwt.SigningMethodEdDSA, edPrivate, "", claims(nil))
	parts := strings.Split(good, ".")
	b64 := base64.RawURLEncoding.EncodeToString
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	changed := b64([]byte(strings.Replace(string(mustDecode(t, parts[1])), "guest", "owner", 1)))
	der, _ := x509.MarshalPKIXPublicKey(edPublic)
	critical := jwt.NewWithClaims(jwt.SigningMethodHS256, claims(nil))
	critical.Header["crit"] = []string{"exp"}
	critText, _ := critical.SignedString([]byte(secret))

	for what, text := range map[string]string{
		"nothing":                       "",
		"no dots":                       "token",
		"dots alone":                    "..",
		"alg none":                      sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "", claims(nil)),
		"alg None":                      b64([]byte(`{"alg":"None"}`)) + "." + parts[1] + ".",
		"alg none with a signature":     b64([]byte(`{"alg":"none"}`)) + "." + parts[1] + "." + parts[2],
		"no alg":                        b64([]byte(`{}`)) + "." + parts[1] + "." + parts[2],
		"alg not a string":              b64([]byte(`{"alg":["HS256"]}`)) + "." + parts[1] + "." + parts[2],
		"no signature":                  parts[0] + "." + parts[1] + ".",
		"changed claims":                parts[0] + "." + changed + "." + parts[2],
		"HS256 with the public PEM":     sign(t, jwt.SigningMethodHS256, edPEM, "", claims(nil)),
		"HS256 with the public DER":     sign(t, jwt.SigningMethodHS256, der, "", claims(nil)),
		"HS256 with the raw public key": sign(t, jwt.SigningMethodHS256, []byte(edPublic), "", claims(nil)),
		"HS256 with an empty secret":    sign(t, jwt.SigningMethodHS256, []byte{}, "", claims(nil)),
		"HS512 with the secret":         sign(t, jwt.SigningMethodHS512, []byte(secret), "", claims(nil)),
		"HS256 with another secret":     sign(t, jwt.SigningMethodHS256, []byte(secret+"!"), "", claims(nil)),
		"EdDSA with an unknown key":     sign(t, jwt.SigningMethodEdDSA, ed25519.NewKeyFromSeed(make([]byte, 32)), "", claims(nil)),
		"RS256":                         sign(t, jwt.SigningMethodRS256, rsaKey, "", claims(nil)),
		"ES384":                         sign(t, jwt.SigningMethodES384, p384, "", claims(nil)),
		"the kid of another key":        sign(t, jwt.SigningMethodEdDSA, edOtherKey, "ec", claims(nil)),
		"crit":                          critText,
		"64 KiB":                        sign(t, jwt.SigningMethodHS256, []byte(secret), "", claims(map[string]any{"pad": strings.Repeat("x", 64<<10)})),
		"a JWE":                         "a.b.c.d.e",
		"NUL":                           good + "\x00",
		"a signature with a line break": parts[0] + "." + parts[1] + ".\n" + parts[2],
	} {
		refused(t, v, what, text)
	}
	accepted(t, v, "the right kid", sign(t, jwt.SigningMethodEdDSA, edOtherKey, "ed2", claims(nil)))
}

func mustDecode(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestClaimsThatAreRefused(t *testing.T) {
	v := newVerifier(t, Options{Secrets: []string{secret}})
	grants := func(match, role any) []any { return []any{map[string]any{"match": match, "role": role}} }
	for what, change := range map[string]map[string]any{
		"expired":              {"exp": now.Unix() - 1},
		"expiring now":         {"exp": now.Unix()},
		"no exp":               {"exp": nil},
		"exp 0":                {"exp": 0},
		"exp negative":         {"exp": -1},
		"exp beyond int64":     {"exp": json.RawMessage("1e300")},
		"exp just beyond":      {"exp": json.RawMessage("9223372036854775808")},
		"exp wraps to future":  {"exp": json.RawMessage("18446744075499551616")},
		"exp infinite":         {"exp": json.RawMessage("1e999")},
		"exp a string":         {"exp": "2040-01-01"},
		"exp a list":           {"exp": []int{1}},
		"not yet valid":        {"nbf": now.Add(clockSkew).Unix() + 1},
		"nbf beyond int64":     {"nbf": json.RawMessage("1e300")},
		"no sub":               {"sub": nil},
		"empty sub":            {"sub": ""},
		"sub a number":         {"sub": 7},
		"sub with a space":     {"sub": "a b"},
		"sub with a NUL":       {"sub": "a\x00b"},
		"sub too long":         {"sub": strings.Repeat("a", 129)},
		"name too long":        {"name": strings.Repeat("a", 257)},
		"unknown role":         {"rooms": grants("talk/*", "admin")},
		"empty role":           {"rooms": grants("talk/*", "")},
		"role in capitals":     {"rooms": grants("talk/*", "Owner")},
		"role a list":          {"rooms": grants("talk/*", []string{"owner"})},
		"match everything":     {"rooms": grants("*", "guest")},
		"match every kind":     {"rooms": grants("*/*", "guest")},
		"match part of a kind": {"rooms": grants("ta*/x", "guest")},
		"match two stars":      {"rooms": grants("talk/a*b*", "guest")},
		"match kind alone":     {"rooms": grants("talk", "guest")},
		"match kind and slash": {"rooms": grants("talk/", "guest")},
		"match nothing":        {"rooms": grants("", "guest")},
		"match with dots":      {"rooms": grants("talk/../x", "guest")},
		"rooms an object":      {"rooms": map[string]any{"talk/*": "guest"}},
		"65 grants":            {"rooms": slicesRepeat(grants("talk/*", "guest"), 65)},
	} {
		refused(t, v, what, sign(t, jwt.SigningMethodHS256, []byte(secret), "", claims(change)))
	}
	for what, change := range map[string]map[string]any{
		"nbf within the skew": {"nbf": now.Add(clockSkew).Unix()},
		"exp with a fraction": {"exp": float64(now.Unix()) + 30.5},
		"exp in 1e9 form":     {"exp": json.RawMessage("1.8e9")},
		"no rooms":            {"rooms": nil},
		"an aud nobody asks":  {"aud": "x"},
	} {
		accepted(t, v, what, sign(t, jwt.SigningMethodHS256, []byte(secret), "", claims(change)))
	}
}

func slicesRepeat(s []any, n int) []any {
	var all []any
	for range n {
		all = append(all, s...)
	}
	return all
}

func TestAudience(t *testing.T) {
	v := newVerifier(t, Options{Secrets: []string{secret}, Audience: "roomful"})
	with := func(aud any) string {
		return sign(t, jwt.SigningMethodHS256, []byte(secret), "", claims(map[string]any{"aud": aud}))
	}
	accepted(t, v, "ours", with("roomful"))
	accepted(t, v, "ours among others", with([]string{"a", "roomful"}))
	refused(t, v, "another's", with("shop"))
	refused(t, v, "nobody's", with(nil))
}

func TestRoleOfTheMostExactGrant(t *testing.T) {
	c := Claims{Rooms: []Grant{
		{"talk/*", room.Guest}, {"talk/conf-*", room.Moderator}, {"talk/conf-1", room.Owner}, {"talk/conf-1*", room.Display},
		{"event/a", room.CoHost}, {"event/a", room.Guest},
	}}
	for id, want := range map[room.ID]room.Role{
		"talk/x": room.Guest, "talk/conf-2": room.Moderator, "talk/conf-1": room.Owner, "talk/conf-12": room.Display,
		"event/a": room.CoHost, "event/ab": "", "talks/x": "", "channel/x": "",
	} {
		if got, ok := c.Role(id); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %t, want %q", id, got, ok, want)
		}
	}
}

func TestRotatedSecrets(t *testing.T) {
	next := "the next secret, again 32 bytes or more"
	v := newVerifier(t, Options{Secrets: []string{next, secret}})
	accepted(t, v, "old", sign(t, jwt.SigningMethodHS256, []byte(secret), "", claims(nil)))
	accepted(t, v, "new", sign(t, jwt.SigningMethodHS256, []byte(next), "2026", claims(nil)))
	refused(t, newVerifier(t, Options{Secrets: []string{next}}), "gone", sign(t, jwt.SigningMethodHS256, []byte(secret), "", claims(nil)))
	refused(t, newVerifier(t, Options{}), "no keys at all", sign(t, jwt.SigningMethodHS256, []byte(secret), "", claims(nil)))
}

func TestKeysThatCannotBeUsed(t *testing.T) {
	private, _ := x509.MarshalPKCS8PrivateKey(edPrivate)
	privatePEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	offCurve := `{"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"}`
	many := make([]json.RawMessage, maxKeys+1)
	for i := range many {
		many[i] = jwkOf(t, fmt.Sprint(i), edPublic)
	}
	for what, o := range map[string]Options{
		"short secret":     {Secrets: []string{"hunter2"}},
		"empty secret":     {Secrets: []string{""}},
		"PEM as a secret":  {Secrets: []string{string(pemOf(t, edPublic))}},
		"JWK as a secret":  {Secrets: []string{string(jwkOf(t, "", edPublic))}},
		"empty file":       {KeyFiles: map[string][]byte{"f": nil}},
		"not a key":        {KeyFiles: map[string][]byte{"f": []byte("hello")}},
		"private PEM":      {KeyFiles: map[string][]byte{"f": privatePEM}},
		"private JWK":      {KeyFiles: map[string][]byte{"f": jwkOf(t, "", edPrivate)}},
		"symmetric JWK":    {KeyFiles: map[string][]byte{"f": jwkOf(t, "", []byte(secret))}},
		"RSA":              {KeyFiles: map[string][]byte{"f": pemOf(t, &rsaKey.PublicKey)}},
		"P-384":            {KeyFiles: map[string][]byte{"f": jwkOf(t, "", &p384.PublicKey)}},
		"off the curve":    {KeyFiles: map[string][]byte{"f": []byte(offCurve)}},
		"empty set":        {KeyFiles: map[string][]byte{"f": []byte(`{"keys":[]}`)}},
		"for encryption":   {KeyFiles: map[string][]byte{"f": withField(t, jwkOf(t, "", &ecKey.PublicKey), "use", "enc")}},
		"of another alg":   {KeyFiles: map[string][]byte{"f": withField(t, jwkOf(t, "", &ecKey.PublicKey), "alg", "ECDH-ES")}},
		"33 keys":          {KeyFiles: map[string][]byte{"f": setOf(many...)}},
		"a PEM cut short":  {KeyFiles: map[string][]byte{"f": pemOf(t, edPublic)[:60]}},
		"a good and a bad": {KeyFiles: map[string][]byte{"a": pemOf(t, edPublic), "f": []byte("x")}},
	} {
		_, err := New(o)
		if err == nil {
			t.Errorf("%s: accepted", what)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error quotes the secret", what)
		}
	}
}

func withField(t testing.TB, raw []byte, name, value string) []byte {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	m[name] = value
	b, _ := json.Marshal(m)
	return b
}

func TestAPIKeys(t *testing.T) {
	keys := NewAPIKeys([]string{"first", "", "second"})
	for _, k := range []string{"first", "second"} {
		c, ok := keys.Caller(k)
		if !ok || c.Role != room.Service || !strings.HasPrefix(string(c.Member), "key_") {
			t.Errorf("%s: %+v, %t", k, c, ok)
		}
	}
	a, _ := keys.Caller("first")
	if b, _ := keys.Caller("second"); a.Member == b.Member {
		t.Error("two keys have one name")
	}
	for _, k := range []string{"", "firs", "first ", "FIRST", strings.Repeat("x", 1<<20)} {
		if c, ok := keys.Caller(k); ok {
			t.Errorf("%.10q let in as %+v", k, c)
		}
	}
	if _, ok := NewAPIKeys(nil).Caller(""); ok {
		t.Error("no keys let somebody in")
	}
}

func FuzzVerify(f *testing.F) {
	v := newVerifier(f, Options{Secrets: []string{secret}, KeyFiles: map[string][]byte{"a": pemOf(f, edPublic), "b": jwkOf(f, "ec", &ecKey.PublicKey)}})
	f.Add(sign(f, jwt.SigningMethodES256, ecKey, "ec", claims(nil)))
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := v.Verify(context.Background(), text); err == nil && (c.Subject == "" || !c.Expires.After(now)) {
			t.Errorf("accepted %q as %+v", text, c)
		}
	})
}
