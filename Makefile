# `make help` lists the targets. What a target needs and the machine lacks is installed by scripts/setup.sh, into
# .tools/ where that is possible.

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
TOOLS       := $(CURDIR)/.tools/bin
export PATH := $(TOOLS):$(PATH)

VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT   := $(shell git rev-parse HEAD 2>/dev/null)
LDFLAGS  := -X main.version=$(VERSION) -X main.commit=$(COMMIT)
SETUP    := scripts/setup.sh

# With wasmer, the routines run as native code that was compiled ahead of time (storage-wasm/aot); without, on wazero.
include storage-wasm/libwasmer/go.mk
BUILD_STATIC := $(WITH_WASMER) go build -trimpath -tags '$(WASMER_TAGS) $(STATIC_TAGS)' -ldflags '$(LDFLAGS) $(STATIC_LDFLAGS)'

.DEFAULT_GOAL := build

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: libwasmer ## build bin/sealift, one static binary
	$(BUILD_STATIC) -o bin/sealift ./cmd/sealift

# A module of its own, for sealer's dependencies not to be Sealift's. Container storages that need C libraries are left out.
# All that is done with it is done with the same flags, so that its thousand packages are compiled once.
SEALER_VERSION := v0.11.0
SEALER_COMMIT  := f07e804323994e922dce030da6a26c3ba93d22f1
SEALER_TAGS    := containers_image_openpgp exclude_graphdriver_devicemapper exclude_graphdriver_btrfs $(STATIC_TAGS)
SEALER_LDFLAGS := -X github.com/sealerio/sealer/version.gitVersion=$(SEALER_VERSION) \
	-X github.com/sealerio/sealer/version.gitCommit=$(SEALER_COMMIT) $(STATIC_LDFLAGS)
IN_SEALER      := cd cmd/sealer && $(WITH_WASMER) GOFLAGS=-trimpath
.PHONY: sealer
sealer: libwasmer ## build bin/sealer: sealer with the plugin, one static binary
	$(IN_SEALER) go build -tags '$(WASMER_TAGS) $(SEALER_TAGS)' -ldflags '$(SEALER_LDFLAGS)' -o ../../bin/sealer .

.PHONY: libwasmer
libwasmer: ## build the static library of wasmer, once: it takes some minutes
	$(SETUP) cc
	storage-wasm/libwasmer/build.sh

.PHONY: test
test: test-go test-wasmer test-sealer test-rust test-example test-e2e test-e2e-sealer ## run every test

# Without the second that each process would wait at its end for reports of others: the tests of cmd/sealift start many.
RACE := GORACE=atexit_sleep_ms=0 go test -race

.PHONY: test-go
test-go: ## run the tests of the Go packages on wazero, with the race detector; test-wasmer has the long ones
	$(SETUP) cc registry
	$(RACE) -short -timeout 15m ./sealer-plugin/... ./cmd/...

.PHONY: test-wasmer
test-wasmer: libwasmer native ## run the tests of the Go packages on wasmer, those of its own with the race detector too
	$(SETUP) registry
	$(NATIVE) $(WITH_WASMER) go test -timeout 15m -tags '$(WASMER_TAGS)' ./sealer-plugin/... ./cmd/...
	$(WITH_WASMER) $(RACE) -timeout 15m -tags '$(WASMER_TAGS)' -run 'Wasmer|Worker|Idle|Close|Trap' ./sealer-plugin/codec

.PHONY: test-sealer
test-sealer: libwasmer ## run the tests of sealer with the plugin, on wazero
	$(IN_SEALER) go test -tags '$(SEALER_TAGS)' ./...

# The routines built natively, as test-rust has them, which the tests of codec compare the engines with.
NATIVE := SEALIFT_NATIVE_ROUTINES='$(CURDIR)/target/debug/examples/routines'
.PHONY: native
native:
	$(SETUP) cc
	cargo build --locked --package storage-wasm --example routines

# Not part of `make test`: it takes about 2 minutes, and the first time 5 more for the library.
AARCH64    := aarch64-unknown-linux-gnu
AARCH64_CC := aarch64-linux-gnu-clang
.PHONY: test-aarch64
test-aarch64: LIBWASMER = $(shell storage-wasm/libwasmer/build.sh where $(AARCH64))
test-aarch64: libwasmer-aarch64 native ## run the tests of codec on wasmer for aarch64, in qemu
	$(NATIVE) $(WITH_WASMER) GOARCH=arm64 CC=$(AARCH64_CC) go test -exec qemu-aarch64 -skip '$(TOO_MUCH_FOR_QEMU)' \
	  -timeout 60m -tags '$(WASMER_TAGS) $(STATIC_TAGS)' -ldflags '$(STATIC_LDFLAGS)' ./sealer-plugin/codec/

# Up to version 7, qemu takes 48 MiB for the 8 GiB of addresses that an instance reserves, and never frees them.
TOO_MUCH_FOR_QEMU = $(shell qemu-aarch64 --version | grep -q 'version [1-7]\.' && \
  echo 'TestHostileCalls/wasmer|TestWasmerInstancesGiveMemoryBack|TestWasmerTrapsKeepNoMemory')

.PHONY: libwasmer-aarch64
libwasmer-aarch64:
	$(SETUP) cc aarch64
	CC_aarch64_unknown_linux_gnu=$(AARCH64_CC) CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=$(AARCH64_CC) \
	  storage-wasm/libwasmer/build.sh build $(AARCH64)

.PHONY: test-rust
test-rust: ## run the tests of the storage routines, natively
	$(SETUP) cc
	cargo test --locked --workspace

.PHONY: test-example
test-example: ## run the example of docs/add-a-routine.md
	$(MAKE) -C examples/sum test

.PHONY: test-e2e
test-e2e: build ## run the binary, with each engine, against real registries, images and faults
	$(SETUP) registry time ip
	go test -short -timeout 20m ./e2e ./bench/...
	go test -timeout 20m ./e2e -args -sealift $(CURDIR)/bin/sealift
	cd bench/codec && go test ./...

.PHONY: test-e2e-sealer
test-e2e-sealer: sealer bin/stock-sealer ## run sealer with the plugin beside sealer itself, on machines of their own: needs root
	$(SETUP) registry sshd ip
	go test -timeout 20m ./e2e/sealer -args -sealer $(CURDIR)/bin/sealer -stock $(CURDIR)/bin/stock-sealer \
		-table $(CURDIR)/bin/sealer-traffic.txt

bin/stock-sealer: cmd/sealer/go.mod
	$(IN_SEALER) go build -tags '$(SEALER_TAGS)' -ldflags '$(SEALER_LDFLAGS)' -o ../../$@ \
		github.com/sealerio/sealer/cmd/sealer

.PHONY: sealer-docs
sealer-docs: test-e2e-sealer ## put what test-e2e-sealer measures into docs/sealer.md
	{ printf '\n    %s CPUs: %s\n\n' "$$(nproc)" "$$(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -n 1)"; \
	  sed 's/^/    /' bin/sealer-traffic.txt; echo; } >bin/sealer-traffic.md
	sed -i -e '/^<!-- traffic: begin/,/^<!-- traffic: end/{//!d}' -e '/^<!-- traffic: begin/r bin/sealer-traffic.md' docs/sealer.md

.PHONY: demo
demo: build ## push and pull two releases of real software through a real registry
	$(SETUP) registry pip
	@go run ./bench/demo -sealift bin/sealift

.PHONY: bench-link
bench-link: build ## measure an update over a link between two sites: needs root
	$(SETUP) registry pip ip
	@go run ./bench/link -sealift bin/sealift

.PHONY: link-docs
link-docs: build ## put what bench-link measures into docs/delta.md
	$(SETUP) registry pip ip
	@go run ./bench/link -sealift bin/sealift -o docs/delta.md

.PHONY: bench
bench: bench-codec bench-delta bench-series bench-gzip ## measure the routines, updates, the packages, and the memory of a 4 GiB image
	$(SETUP) cc registry time
	go test -run '^$$' -bench . -benchmem ./sealer-plugin/...
	cargo bench --locked --workspace
	go run ./bench/memory -sealift bin/sealift

# A module of its own, for what the routines are compared with not to be a dependency of sealift's.
BENCH_CODEC := cd bench/codec && ../../bin/bench-codec
.PHONY: bench-codec
bench-codec: build speed ## measure the routines: native, each engine, libraries in Go
	@$(BENCH_CODEC)

.PHONY: bench-docs
bench-docs: build speed ## put what bench-codec measures into docs/performance.md
	@$(BENCH_CODEC) -rounds 9 -o ../../docs/performance.md

.PHONY: speed
speed: libwasmer
	$(SETUP) cc pip
	cargo build --locked --release --package storage-wasm --example speed
	cd bench/codec && $(BUILD_STATIC) -o ../../bin/bench-codec .

.PHONY: bench-delta
bench-delta: updates ## measure what travels when real software is updated, and by other programs
	@bin/bench-delta

.PHONY: delta-docs
delta-docs: updates ## put what bench-delta and bench-series measure into docs/delta.md
	@bin/bench-delta -o docs/delta.md
	@bin/bench-series -o docs/delta.md

.PHONY: bench-series
bench-series: updates ## measure what travels when ten releases follow each other
	@bin/bench-series

.PHONY: bench-gzip
bench-gzip: streams ## measure how gzip files that real programs make are stored
	@bin/bench-gzip

.PHONY: gzip-docs
gzip-docs: streams ## put what bench-gzip measures into docs/gzip.md
	@bin/bench-gzip -o docs/gzip.md

.PHONY: streams
streams: libwasmer
	$(SETUP) cc pip npm pigz
	$(BUILD_STATIC) -o bin/bench-gzip ./bench/gzip

.PHONY: updates
updates: libwasmer
	$(SETUP) cc registry pip npm archive peers time
	$(BUILD_STATIC) -o bin/bench-delta ./bench/delta
	$(BUILD_STATIC) -o bin/bench-series ./bench/series

.PHONY: lint
lint: libwasmer ## check format, style and the stamps of built files
	$(SETUP) cc lint
	test -z "$$(gofmt -l $$(git ls-files '*.go') | tee /dev/stderr)"
	golangci-lint run ./...
	$(WITH_WASMER) golangci-lint run --build-tags '$(WASMER_TAGS)' ./sealer-plugin/codec/ ./examples/...
	cd bench/codec && golangci-lint run ./...
	$(IN_SEALER) golangci-lint run --build-tags '$(SEALER_TAGS)' ./...
	cargo fmt --all --check
	cargo fmt --manifest-path storage-wasm/libwasmer/Cargo.toml --check
	cargo fmt --manifest-path storage-wasm/aot/Cargo.toml --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	scripts/check-stamp.sh

.PHONY: wasm
wasm: ## build storage.wasm, the example's module, and their stamps
	storage-wasm/build.sh
	examples/sum/build.sh

.PHONY: aot
aot: ## compile the modules to native code
	storage-wasm/aot/build.sh

.PHONY: notices
notices: build ## write bin/NOTICES.txt, the licences of all that bin/sealift contains
	scripts/notices.sh bin/sealift >bin/NOTICES.txt

.PHONY: clean
clean: ## remove what was built, and the tools that were installed here
	rm -rf bin target .tools
