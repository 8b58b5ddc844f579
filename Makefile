# Two commands: `make run` builds and serves the app, `make test` tests all of
# it. Both install what they need. The slow searches have targets of their own.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO      ?= go
NPM     ?= npm
BIN     := bin/roomful
FUZZTIME ?= 30s
SEEDS   ?= 10000
KILLS   ?= 60
NPM_CI  := $(NPM) ci --no-audit --no-fund --loglevel=error
PORT    ?= 8080
# Packages of node_modules are not ours.
GOPKGS  = $(shell $(GO) list ./... | grep -v node_modules)

.PHONY: help run build test app browser check go-test sdk-test web-test screens bench fuzz sim soak power million clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: build ## build everything and serve the app on http://localhost:8080
	@mkdir -p data
	@test -s data/api-key || head -c 18 /dev/urandom | base64 | tr '+/' '-_' > data/api-key
	@printf '\n  Open an event   http://localhost:$(PORT)/\n  A talk          http://localhost:$(PORT)/t/hello\n  API key         %s\n\n' "$$(cat data/api-key)"
	@ROOMFUL_API_KEY="$$(cat data/api-key)" exec ./$(BIN) serve --addr 127.0.0.1:$(PORT) --data ./data

build: app ## bin/roomful, static, with the app inside
	CGO_ENABLED=0 $(GO) build -o $(BIN) ./cmd/roomful

app: web/dist/.built

web/dist/.built: sdk/node_modules/.ready web/node_modules/.ready $(shell find web/src sdk/src web/vite.config.ts web/package.json -type f 2>/dev/null)
	cd web && $(NPM) run --silent build
	@touch $@

sdk/node_modules/.ready: sdk/package-lock.json
	cd sdk && $(NPM_CI)
	@touch $@

web/node_modules/.ready: web/package-lock.json
	cd web && $(NPM_CI)
	@touch $@

test: browser build check go-test sdk-test web-test ## everything, from a fresh clone on a fresh machine
	@echo "all passed"

browser: ## Chromium and nginx, from Debian
	@./scripts/install

check: ## format, vet, floors
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet $(GOPKGS)
	GOOS=darwin GOARCH=arm64 CGO_ENABLED=0 $(GO) vet ./netloop ./cmd/roomful
	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 $(GO) build -o /dev/null ./cmd/roomful

go-test: app ## Go tests, with the race detector
	$(GO) test -race -timeout 12m $(GOPKGS)

sdk-test: build ## the SDK, alone and against the binary
	cd sdk && $(NPM) run --silent typecheck && $(NPM) run --silent size && ROOMFUL_BIN=$(CURDIR)/$(BIN) $(NPM) test --silent

web-test: build ## stories with two browsers against the binary
	cd web && $(NPM) run --silent typecheck && $(NPM) test --silent && ROOMFUL_BIN=$(CURDIR)/$(BIN) $(NPM) run --silent e2e

screens: build ## pictures of every screen and state in web/e2e/screens, and the README's
	cd web && SCREENS=1 ROOMFUL_BIN=$(CURDIR)/$(BIN) $(NPM) run --silent e2e -- screens

bench: ## the figures, each beside a bare reference; kept in bench/results
	$(GO) run ./bench -out bench/results/table all

fuzz: ## every fuzz target, FUZZTIME each (30s)
	@for p in $$(grep -rl '^func Fuzz' --include=*_test.go . | grep -v node_modules | xargs -n1 dirname | sort -u); do \
	  for f in $$(grep -hoE '^func Fuzz[A-Za-z]+' $$p/*_test.go | sed 's/func //'); do \
	    echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$p; done; done

sim: ## SEEDS seeds of the simulation (10000)
	SEEDS=$(SEEDS) $(GO) test -race -timeout 2h -run Sim ./sim

soak: ## kill the server KILLS times (60) under load, on both kinds of sockets
	ROOMFUL_KILLS=$(KILLS) $(GO) test -run NothingIsLostOnKill -v -timeout 1h ./cmd/roomful

power: ## cut the power under load and count what is left (needs root for a loop mount)
	$(GO) test -tags power -run 'RealPower|SmallDisk' -v -timeout 20m ./backend/pebble

million: ## a million rooms: memory, opening after a stop and after kill -9
	$(GO) test -tags million -run 'TestMillionRooms|TestOpenAfterKill' -v -timeout 30m ./backend/pebble

clean: ## all that was built
	rm -rf bin web/dist/assets web/dist/.vite web/dist/.built sdk/dist
