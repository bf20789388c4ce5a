# `make help` lists the targets. What a target needs and the machine lacks is installed by scripts/setup.sh, into
# .tools/ where that is possible.

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
TOOLS       := $(CURDIR)/.tools/bin
export PATH := $(TOOLS):$(PATH)

VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT   := $(shell git rev-parse HEAD 2>/dev/null)
LDFLAGS  := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)
SETUP    := scripts/setup.sh

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/sealift, one static binary
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/sealift ./cmd/sealift

.PHONY: test
test: test-go test-rust test-e2e ## run every test

.PHONY: test-go
test-go: ## run the tests of the Go packages, with the race detector
	$(SETUP) cc registry
	go test -race -timeout 15m ./sealer-plugin/... ./cmd/...

.PHONY: test-rust
test-rust: ## run the tests of the storage routines, natively
	$(SETUP) cc
	cargo test --locked --workspace

.PHONY: test-e2e
test-e2e: ## run the binary against real registries, images and faults
	$(SETUP) registry
	go test -timeout 20m ./e2e/... ./bench/...

.PHONY: demo
demo: build ## push and pull two releases of real software through a real registry
	$(SETUP) registry pip
	@go run ./bench/demo -sealift bin/sealift

.PHONY: bench
bench: build ## measure the packages, the routines, and the memory of a 4 GiB image
	$(SETUP) cc registry time
	go test -run '^$$' -bench . -benchmem ./sealer-plugin/...
	cargo bench --locked --workspace
	go run ./bench/memory -sealift bin/sealift

.PHONY: lint
lint: ## check format, style and the stamp of storage.wasm
	$(SETUP) cc lint
	test -z "$$(gofmt -l $$(git ls-files '*.go') | tee /dev/stderr)"
	go vet ./...
	golangci-lint run ./...
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	scripts/check-stamp.sh

.PHONY: wasm
wasm: ## build storage.wasm and its stamp from storage-wasm/
	storage-wasm/build.sh

.PHONY: clean
clean: ## remove what was built, and the tools that were installed here
	rm -rf bin target .tools
