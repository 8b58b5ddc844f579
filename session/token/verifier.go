package token

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/roomful/roomful/room"
)

// maxTokenBytes is what most proxies pass in one header.
const maxTokenBytes = 8 << 10

// Options says which keys may sign tokens. Without any, every token is
// refused.
type Options struct {
	Secrets  []string          // for HS256, 32 bytes at least
	KeyFiles map[string][]byte // contents of PEM, JWK or JWKS files by name; for EdDSA and ES256
	JWKSURL  string            // more public keys, fetched when first needed
	Audience string            // what aud must contain, "" for no such rule

	Client *http.Client     // for JWKSURL; nil means http.DefaultClient
	Now    func() time.Time // nil means time.Now
}

// Verifier verifies tokens. It may be used by many goroutines at once.
type Verifier struct {
	keys   []key
	remote *remote // nil without a JWKSURL
	parser *jwt.Parser
}

// New makes a Verifier. The error joins all keys that cannot be used, by name.
func New(o Options) (*Verifier, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Client == nil {
		o.Client = http.DefaultClient
	}
	v := &Verifier{parser: newParser(o)}
	var errs []error
	for _, s := range o.Secrets {
		k, err := secretKey(s)
		v.keys, errs = append(v.keys, k), append(errs, err)
	}
	for _, name := range slices.Sorted(maps.Keys(o.KeyFiles)) {
		keys, err := parseFile(o.KeyFiles[name])
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
		v.keys = append(v.keys, keys...)
	}
	if o.JWKSURL != "" {
		v.remote = &remote{url: o.JWKSURL, client: o.Client, now: o.Now}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return v, nil
}

func newParser(o Options) *jwt.Parser {
	rules := []jwt.ParserOption{
		jwt.WithValidMethods([]string{edDSA, es256, hs256}),
		jwt.WithExpirationRequired(),
		jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(o.Now),
	}
	if o.Audience != "" {
		rules = append(rules, jwt.WithAudience(o.Audience))
	}
	return jwt.NewParser(rules...)
}

// Verify returns what a token says. It does not block unless keys have to be
// fetched, and then for 5 seconds at most. The error is a *room.Error:
// Unauthenticated, with what to do about it, or Unavailable if the keys could
// not be fetched and others do not fit.
func (v *Verifier) Verify(ctx context.Context, text string) (Claims, error) {
	if len(text) > maxTokenBytes {
		return Claims{}, room.Errorf(room.Unauthenticated, "The token is longer than %d KiB.", maxTokenBytes>>10)
	}
	if strings.ContainsAny(text, "\r\n") { // which base64 would pass over
		return Claims{}, refusal(jwt.ErrTokenMalformed)
	}
	t := attempt{text: text, keys: v.keys}
	c, err := v.try(&t)
	if !t.unsigned || v.remote == nil || t.alg == hs256 {
		return c, refusal(err)
	}
	keys, fetchErr := v.remote.cached(ctx)
	t.keys = keys
	if c, err = v.try(&t); t.unsigned && (t.id == "" || !hasID(keys, t.id)) {
		v.remote.refresh(ctx)
		t.keys, fetchErr = v.remote.cached(ctx)
		c, err = v.try(&t)
	}
	if t.unsigned && fetchErr != nil {
		return Claims{}, &room.Error{
			Code: room.Unavailable, Message: "The keys that tokens are signed with cannot be fetched just now.",
			RetryAfter: betweenFetches, Err: fetchErr,
		}
	}
	return c, refusal(err)
}

// attempt is one token against one set of keys.
type attempt struct {
	text     string
	keys     []key
	alg, id  string // what the token's header asks for
	unsigned bool   // readable, but no key of the set signed it
}

var (
	errNoKey    = errors.New("no such key")
	errCritical = errors.New("crit is not understood")
)

func (v *Verifier) try(t *attempt) (Claims, error) {
	var p payload
	_, err := v.parser.ParseWithClaims(t.text, &p, t.candidates)
	t.unsigned = t.alg != "" && (errors.Is(err, errNoKey) || errors.Is(err, jwt.ErrTokenSignatureInvalid))
	if err != nil {
		return Claims{}, err
	}
	return p.claims(), nil
}

// candidates gives the keys that may have signed: of the token's algorithm,
// and of its kid where both say one.
func (t *attempt) candidates(header *jwt.Token) (any, error) {
	if _, ok := header.Header["crit"]; ok {
		return nil, errCritical // RFC 7515 section 4.1.11
	}
	t.alg = header.Method.Alg()
	t.id, _ = header.Header["kid"].(string)
	var set jwt.VerificationKeySet
	for _, k := range t.keys {
		if k.alg == t.alg && (k.id == "" || t.id == "" || k.id == t.id) {
			set.Keys = append(set.Keys, k.material)
		}
	}
	if len(set.Keys) == 0 {
		return nil, errNoKey
	}
	return set, nil
}

func hasID(keys []key, id string) bool {
	return slices.ContainsFunc(keys, func(k key) bool { return k.id == id })
}

// refusal is err as what the holder of the token is told.
func refusal(err error) error {
	if err == nil {
		return nil
	}
	message := "The token cannot be read."
	var rule *room.Error
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		message = "The token has expired. Get a new one."
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		message = "The token is not valid yet. Check the clock of the server that made it."
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		message = "The token lacks exp, until when it is valid, or the aud that this server asks for."
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		message = "The token was made for somebody else (aud)."
	case errors.As(err, &rule):
		message = rule.Message
	case errors.Is(err, errNoKey), errors.Is(err, jwt.ErrTokenSignatureInvalid):
		message = "The token is not signed with a key that this server knows."
	}
	return &room.Error{Code: room.Unauthenticated, Message: message, Err: err}
}
