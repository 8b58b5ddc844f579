// Package token says who holds a credential that was made elsewhere: a JWT
// signed by an integrator's backend (Verifier), or an API key (APIKeys).
//
// A key decides which algorithm it verifies, never the token: an Ed25519 key
// EdDSA, a P-256 key ES256, a secret HS256 (RFC 8725 section 3.1). So a public
// key is never an HMAC secret, and "none" is never anything. A token must have
// sub and exp; a token that says something we would have to guess about (an
// unknown role, a match that is no pattern) is refused whole.
//
// The package has no goroutine: keys are fetched by whoever needs them first.
// The member cookie is not here; rooms keep those proofs themselves.
package token
