package config

import (
	"log/slog"
	"net/netip"
	"time"
)

// Config is a node's settings. Each field is one row of the table in
// settings.go, which has its name and its meaning for operators.
type Config struct {
	// Addr is the host:port to listen on; port 0 picks a free one.
	Addr string
	// Data is the folder of journal and pictures, made if it is missing.
	Data string
	// PublicURL is how browsers reach the node, without a path; "" for the
	// Host each request came to.
	PublicURL string

	// TLSCert and TLSKey are PEM files; both or neither. Without them the
	// node speaks plain HTTP and expects a proxy or a laptop.
	TLSCert, TLSKey string

	// APIKeys let backends in with the role service.
	APIKeys []string
	// TokenHMACSecrets verify HS256 tokens; several while one replaces another.
	TokenHMACSecrets []string
	// TokenKeys are files of public keys (PEM, JWK or JWKS) that verify EdDSA
	// and ES256 tokens.
	TokenKeys []string
	// JWKSURL is where to fetch more of those, again when one is unknown.
	JWKSURL string
	// TokenAudience must be in a token's aud; "" asks for none.
	TokenAudience string

	// AllowedOrigins are other sites whose pages may use the member cookie,
	// for example https://party.example.
	AllowedOrigins []string
	// TrustedProxies are the networks whose X-Forwarded-For and Forwarded
	// headers are believed.
	TrustedProxies []netip.Prefix
	// ReadAnonymously are the kinds that anyone may read.
	ReadAnonymously []string

	// MaxConnections is how many live connections the node takes.
	MaxConnections int
	// AddressConnections is how many of them one address may have, 0 for any
	// number. A hall of ten thousand is one address, with two devices each.
	AddressConnections int
	// AddressJoins is how many joins a second one address may ask for, 0 for
	// any number; it may ask for a second's worth at once.
	AddressJoins float64
	// ReactionsBurst and ReactionsPerSecond bound one member's taps; what is
	// beyond them is not counted.
	ReactionsBurst, ReactionsPerSecond float64
	// MaxMessage is the largest WebSocket message or request body that is not
	// an upload.
	MaxMessage Size
	// PhotoMax is the largest upload of a picture.
	PhotoMax Size
	// FreeDiskFloor is the free space under which commands and uploads are
	// refused; reading goes on.
	FreeDiskFloor Size

	// Idle is how long a room stays in memory after its last command or join.
	Idle time.Duration
	// DrainWindow is over how long a stopping node spreads the reconnects of
	// its clients.
	DrainWindow time.Duration

	// Loops is how many epoll loops own the sockets, 0 for one per core.
	Loops int
	// PortableSockets uses the runtime's sockets, a goroutine for each
	// connection, instead of epoll.
	PortableSockets bool

	// LogLevel is the least level that is logged.
	LogLevel slog.Level
	// LogFormat is "text" or "json".
	LogFormat string

	origins map[string]string // by name; a default has none
}

// Default is a working single node on this machine.
func Default() Config {
	return Config{
		Addr:               "127.0.0.1:8080",
		Data:               "./data",
		ReadAnonymously:    []string{"channel", "talk"},
		MaxConnections:     1_000_000, // at 0.5 kB idle; the file descriptor limit is usually met first
		AddressConnections: 20_000,
		AddressJoins:       10_000, // all of a hall back within a second after a restart
		ReactionsBurst:     20,
		ReactionsPerSecond: 4,
		MaxMessage:         64 << 10,
		PhotoMax:           25 << 20,
		FreeDiskFloor:      256 << 20,
		Idle:               30 * time.Second,
		DrainWindow:        20 * time.Second,
		LogLevel:           slog.LevelInfo,
		LogFormat:          "text",
	}
}

// Origin says where a setting's value came from: "default", "roomful.toml",
// "ROOMFUL_DATA" or "--data". It is "" for a name that is no setting.
func (c *Config) Origin(name string) string {
	for _, s := range c.settings() {
		if s.name != name {
			continue
		}
		if from, ok := c.origins[name]; ok {
			return from
		}
		return "default"
	}
	return ""
}
