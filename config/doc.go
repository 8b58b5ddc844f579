// Package config is what an operator can say about a node: one Config, whose
// Default is a working single node.
//
// Flags win over the environment, the environment over a TOML file, the file
// over the default. A setting has one name everywhere: free-disk-floor in the
// file, --free-disk-floor, ROOMFUL_FREE_DISK_FLOOR. Parse reports everything
// that is wrong at once, and refuses names it does not know in flags and file
// (not in the environment: Kubernetes puts ROOMFUL_* there for a service of
// that name).
//
// The package reads nothing by itself and opens nothing that is configured:
// cmd hands it the arguments, the environment and a way to read files, and
// gives every other package its own Options.
package config
