package token

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// The algorithms there are. Each key has exactly one.
const (
	edDSA = "EdDSA"
	es256 = "ES256"
	hs256 = "HS256"
)

// key verifies the tokens of one algorithm.
type key struct {
	id       string // kid; "" if the key has none and any token of alg may be its
	alg      string
	material any // ed25519.PublicKey, *ecdsa.PublicKey or []byte
}

// maxKeys bounds one file or set: each may be tried for a token without kid,
// at some 60 microseconds.
const maxKeys = 32

// minSecretBytes is that of RFC 7518 section 3.2: as long as the hash. A
// shorter one can be guessed offline from a single token.
const minSecretBytes = 32

var errUnsupported = errors.New("not an Ed25519 or P-256 key for signatures")

func secretKey(secret string) (key, error) {
	if len(secret) < minSecretBytes {
		return key{}, fmt.Errorf("a token secret has %d bytes, want %d at least", len(secret), minSecretBytes)
	}
	if text := strings.TrimSpace(secret); strings.HasPrefix(text, "-----BEGIN") || strings.HasPrefix(text, "{") {
		return key{}, errors.New("a token secret looks like a key file; public keys are given as key files")
	}
	return key{alg: hs256, material: []byte(secret)}, nil
}

// parseFile reads public keys from PEM, one JWK or a JWKS. What it cannot use
// is an error: an operator put it there to be used.
func parseFile(body []byte) ([]key, error) {
	body = bytes.TrimSpace(body)
	var keys []key
	if bytes.HasPrefix(body, []byte("{")) {
		for _, raw := range splitSet(body) {
			k, err := parseJWK(raw)
			if err != nil {
				return nil, err
			}
			keys = append(keys, k)
		}
	} else {
		var err error
		if keys, err = parsePEM(body); err != nil {
			return nil, err
		}
	}
	if len(keys) == 0 || len(keys) > maxKeys {
		return nil, fmt.Errorf("has %d keys, want 1 to %d as PEM, JWK or JWKS", len(keys), maxKeys)
	}
	return keys, nil
}

func parsePEM(body []byte) ([]key, error) {
	var keys []key
	for {
		block, rest := pem.Decode(body)
		if block == nil {
			return keys, nil
		}
		body = rest
		if block.Type != "PUBLIC KEY" {
			return nil, fmt.Errorf("has a %q, want only public keys", block.Type)
		}
		public, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("public key: %w", err)
		}
		k, err := publicKey("", public)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
}

// parseSet reads a JWKS from elsewhere (RFC 7517 section 5: keys that are not
// understood are ignored).
func parseSet(body []byte) ([]key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil || set.Keys == nil {
		return nil, errors.New("not a JWKS")
	}
	var keys []key
	for _, raw := range set.Keys {
		if k, err := parseJWK(raw); err == nil && len(keys) < maxKeys {
			keys = append(keys, k)
		}
	}
	return keys, nil
}

// splitSet gives the JWKs of a set, or the one that body is.
func splitSet(body []byte) []json.RawMessage {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(body, &set) == nil && set.Keys != nil {
		return set.Keys
	}
	return []json.RawMessage{body}
}

func parseJWK(raw []byte) (key, error) {
	var j jose.JSONWebKey
	if err := j.UnmarshalJSON(raw); err != nil {
		return key{}, fmt.Errorf("JWK: %w", err)
	}
	if !j.IsPublic() {
		return key{}, errors.New("JWK: is a secret, want only public keys")
	}
	k, err := publicKey(j.KeyID, j.Key)
	if err != nil {
		return key{}, err
	}
	sameAlg := j.Algorithm == "" || j.Algorithm == k.alg || k.alg == edDSA && j.Algorithm == "Ed25519" // RFC 9864
	if !sameAlg || j.Use != "" && j.Use != "sig" {
		return key{}, errUnsupported
	}
	return k, nil
}

func publicKey(id string, public any) (key, error) {
	switch public := public.(type) {
	case ed25519.PublicKey:
		return key{id: id, alg: edDSA, material: public}, nil
	case *ecdsa.PublicKey:
		if public.Curve == elliptic.P256() {
			return key{id: id, alg: es256, material: public}, nil
		}
	}
	return key{}, errUnsupported
}
