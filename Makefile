# samkeeper: the verbs. CI calls the same ones, so local green means CI green.
SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO         ?= go
GOLANGCI   := v2.15.0
BIN        := build/bin
LINT       := $(BIN)/golangci-lint-$(GOLANGCI)
DIST       ?= dist
CUSTOMERS  ?= 50
SEED       ?= 1
KEEP       ?=
AZURITE    := localworld/azurite
PEER       := bench/peer-node
FUZZTIME   ?= 20s
LOAD_SIZE  := $(if $(filter command environment,$(origin CUSTOMERS)),--customers $(CUSTOMERS) --instances $(or $(INSTANCES),1))
STORM      := $(if $(filter command environment,$(origin CUSTOMERS)),--customers $(CUSTOMERS)) $(if $(filter command environment,$(origin SEED)),--seed $(SEED))

##@ Run it

.PHONY: demo
demo: $(BIN)/samdemo ## The main job, end to end, on this machine (CUSTOMERS=50 SEED=1 KEEP=1)
	@# Azurite is installed while the app is built: the first run is the slow one.
	@$(BIN)/samdemo install & installing=$$!; $(MAKE) --no-print-directory dist && wait $$installing
	$(BIN)/samdemo --customers $(CUSTOMERS) --seed $(SEED) --script-root $(DIST) --out build/demo $(if $(KEEP),--keep)

.PHONY: dist
dist: $(BIN)/samhost ## Stage what is published: handler, host.json, <Name>/function.json
	rm -rf $(DIST)
	mkdir -p $(DIST)
	CGO_ENABLED=0 GOOS=linux GOARCH=amd64 $(GO) build -trimpath -ldflags='-s -w' -o $(DIST)/handler ./cmd/handler
	cp host.json $(DIST)/
	cp -r functions/. $(DIST)/
	$(BIN)/samhost -check $(DIST)
	@size=$$(tar -C $(DIST) -cz . | wc -c); echo "$(DIST): $$((size / 1024)) KiB packed (limit 25 MiB)"; test $$size -le 26214400

.PHONY: sim
sim: $(BIN)/samsim ## Start the simulated Microsoft cloud alone, on its fixed ports
	$(BIN)/samsim --customers $(CUSTOMERS) --seed $(SEED)

.PHONY: tools
tools: $(BIN)/samctl $(BIN)/samsim $(BIN)/samhost ## Build the command-line programs into build/bin

##@ Check it

.PHONY: test
test: browser ## Every test, with the race detector: unit, contract, end to end, browser
	$(GO) test -race -timeout 10m ./...
	@# All crash and race schedules: without the race detector, which makes each
	@# ten times as slow (a schedule lets one process move at a time); above, a sample.
	$(GO) test -count=1 -timeout 10m -run '^Test(The)?Schedules' -v ./internal/rotation ./internal/jobs

.PHONY: year
year: ## A year of 1,000 connections on a virtual clock, with outages of weeks
	GOGC=400 $(GO) test -count=1 -timeout 10m -run '^TestYear$$' -v ./internal/rotation/year -year.connections=1000 -year.real=1

.PHONY: throttle
throttle: ## A sweep of 1,000 customers below the published limits, on a virtual clock
	$(GO) test -count=1 -timeout 10m -run '^TestSweepStaysBelowThePublishedLimits$$' -v ./internal/jobs -paced.customers=1000

.PHONY: lint
lint: $(LINT) ## gofmt, vet, golangci-lint with the fences of the house
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo 'gofmt: the files above want formatting'; exit 1; }
	$(LINT) run ./...
	$(GO) mod verify
	$(GO) mod tidy -diff

.PHONY: bench
bench: ## Ratios against bare net/http and the peer library, each pair in one run
	$(GO) test -run '^$$' -bench . -benchmem -benchtime 1s ./handlers ./internal/token ./internal/throttle ./internal/upstream ./cmd/handler

.PHONY: load
load: $(BIN)/samload dist ## Sweeps of 100 and 1,000 customers, what one costs in each (FULL=1: 10,000 too; CUSTOMERS= INSTANCES=)
	$(BIN)/samload --script-root $(DIST) --seed $(SEED) $(if $(FULL),--full) $(LOAD_SIZE) $(ARGS)

.PHONY: chaos
chaos: $(BIN)/samchaos dist ## The kill test: 2,000 customers, three handlers, kills, lost and doubled messages (SEED= CUSTOMERS=)
	$(BIN)/samchaos --script-root $(DIST) $(STORM) $(ARGS)

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (20s)
	@for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg 2>/dev/null | grep '^Fuzz' || true); do \
	    echo "== $$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$pkg; done; done

.PHONY: bench-peer
bench-peer: $(BIN)/sampeer ## The handler beside a plain peer in Node: CPU, memory, start (PEER_CUSTOMERS=400 PEER_ROUNDS=3)
	@for f in $(PEER)/*.mjs; do node --check $$f; done
	@$(BIN)/sampeer install & installing=$$!; $(MAKE) --no-print-directory dist && wait $$installing
	$(BIN)/sampeer --customers $(or $(PEER_CUSTOMERS),400) --rounds $(or $(PEER_ROUNDS),3) --seed $(SEED) --script-root $(DIST) $(PEER_FLAGS)

##@ Keep it

.PHONY: tidy
tidy: ## Format and tidy
	gofmt -w $$(git ls-files '*.go')
	$(GO) mod tidy

.PHONY: clean
clean: ## Remove what the verbs made
	rm -rf build $(DIST) $(AZURITE)/node_modules $(PEER)/node_modules

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

# Programs are always rebuilt: Go's own cache knows better than timestamps.
.PHONY: $(BIN)/sampeer $(BIN)/samchaos $(BIN)/samload $(BIN)/samdemo $(BIN)/samsim $(BIN)/samhost $(BIN)/samctl
$(BIN)/sampeer $(BIN)/samchaos $(BIN)/samload $(BIN)/samdemo $(BIN)/samsim $(BIN)/samhost $(BIN)/samctl:
	@mkdir -p $(BIN)
	CGO_ENABLED=0 $(GO) build -trimpath -o $@ ./cmd/$(@F)

$(LINT):
	@mkdir -p $(BIN)
	GOBIN=$(CURDIR)/$(BIN) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)
	mv $(BIN)/golangci-lint $@

# The browser test wants Chromium; where it cannot be had the test says so and skips.
.PHONY: browser
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo 'Installing Chromium (once) …' && \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-liberation >/dev/null; } || \
	  echo 'No Chromium here and none could be installed: the browser test will be skipped.'
