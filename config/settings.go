package config

// setting is one row: how operators call a field of Config and what it means.
type setting struct {
	name    string
	value   value
	meaning string
	secret  bool // its value is never printed, nor quoted in an error
}

// settings lists every field of c, in the order of the sample file.
func (c *Config) settings() []setting {
	return []setting{
		{name: "addr", value: (*text)(&c.Addr), meaning: "host:port to listen on; port 0 picks a free one"},
		{name: "data", value: (*text)(&c.Data), meaning: "folder of everything that must last"},
		{name: "public-url", value: (*text)(&c.PublicURL), meaning: "how browsers reach this server, if not at the address they ask, e.g. https://party.example"},
		{name: "tls-cert", value: (*text)(&c.TLSCert), meaning: "PEM file of the certificate chain; with tls-key, or a proxy speaks TLS"},
		{name: "tls-key", value: (*text)(&c.TLSKey), meaning: "PEM file of the certificate's key"},

		{name: "api-key", value: (*texts)(&c.APIKeys), meaning: "keys of backends, role service; several while one replaces another", secret: true},
		{name: "token-hmac-secrets", value: (*texts)(&c.TokenHMACSecrets), meaning: "secrets of HS256 tokens, 32 bytes at least", secret: true},
		{name: "token-keys", value: (*texts)(&c.TokenKeys), meaning: "files of public keys (PEM, JWK, JWKS) of EdDSA and ES256 tokens"},
		{name: "jwks-url", value: (*text)(&c.JWKSURL), meaning: "where to fetch public keys of tokens"},
		{name: "token-audience", value: (*text)(&c.TokenAudience), meaning: "what a token's aud must contain; empty asks for none"},

		{name: "allowed-origins", value: (*texts)(&c.AllowedOrigins), meaning: "other sites whose pages may use the member cookie, e.g. https://blog.example"},
		{name: "trusted-proxies", value: (*prefixes)(&c.TrustedProxies), meaning: "networks whose X-Forwarded-For and Forwarded are believed, e.g. 10.0.0.0/8"},
		{name: "read-anonymously", value: (*texts)(&c.ReadAnonymously), meaning: "kinds of room that anyone may read"},

		{name: "max-connections", value: (*count)(&c.MaxConnections), meaning: "live connections at once"},
		{name: "address-connections", value: (*count)(&c.AddressConnections), meaning: "of those from one address (a hall behind one router); 0 for any number"},
		{name: "address-joins", value: (*number)(&c.AddressJoins), meaning: "joins a second from one address; 0 for any number"},
		{name: "reactions-burst", value: (*number)(&c.ReactionsBurst), meaning: "taps of one member at once"},
		{name: "reactions-per-second", value: (*number)(&c.ReactionsPerSecond), meaning: "taps of one member a second"},
		{name: "max-message", value: &c.MaxMessage, meaning: "largest message that is not an upload"},
		{name: "photo-max", value: &c.PhotoMax, meaning: "largest picture upload"},
		{name: "free-disk-floor", value: &c.FreeDiskFloor, meaning: "free space under which nothing more is accepted"},

		{name: "idle", value: (*duration)(&c.Idle), meaning: "how long an unused room stays in memory"},
		{name: "drain-window", value: (*duration)(&c.DrainWindow), meaning: "over how long a restart spreads the reconnects"},
		{name: "loops", value: (*count)(&c.Loops), meaning: "epoll loops; 0 for one per core"},
		{name: "portable-sockets", value: (*toggle)(&c.PortableSockets), meaning: "a goroutine per connection instead of epoll"},

		{name: "log-level", value: (*level)(&c.LogLevel), meaning: "debug, info, warn or error"},
		{name: "log-format", value: (*text)(&c.LogFormat), meaning: "text or json"},
	}
}
