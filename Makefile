# Everything from here is `cargo ... --release --workspace`, with the same features and flags, because RocksDB takes
# about 17 minutes to compile and must be compiled once. What would make it another build for cargo is kept away: the
# compiler cache comes by PATH and not by CC and CXX, and RUSTFLAGS, which replaces .cargo/config.toml, is dropped.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup tools build run test demo docs vectors fuzz fmt lint clean bench bench-layouts soak

CARGO_TARGET_DIR ?= $(CURDIR)/target
CCACHE_DIR ?= $(HOME)/.cache/dmpc/ccache
export CARGO_TARGET_DIR CCACHE_DIR
export PATH := /usr/lib/ccache:$(PATH):$(HOME)/.cargo/bin
unexport RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS MAKEFLAGS MFLAGS

BIN := $(CARGO_TARGET_DIR)/release
# The environment of the client in Python, which tests/interop/setup makes.
VENV := $(CARGO_TARGET_DIR)/interop-venv
# The packages of the client in JavaScript, which tests/interop/javascript/setup installs.
NODE_MODULES := $(CARGO_TARGET_DIR)/interop-node/node_modules

# Of `make run`: what it keeps, and where it listens.
DATA ?= data
GRPC ?= 127.0.0.1:64928
WS ?= 127.0.0.1:64927
# Of `make fuzz`: seconds for each target.
FUZZ_SECONDS ?= 60
export FUZZ_SECONDS
# Of `make soak`: random orders of arrival, and bytes that are changed.
SOAK_ORDERS ?= 1000000
SOAK_CORRUPTIONS ?= 1000
# Of `make soak`: events of a real log that three nodes import at once, and exchange.
SOAK_EVENTS ?= 1000000
# Of `make soak`: kills of a node under load, and bits that are flipped in stores.
SOAK_KILLS ?= 2000
SOAK_DAMAGE ?= 5000
# Networks of nodes with trouble.
SOAK_NETWORKS ?= 50000
# Of `make soak`: websockets that are idle; connections that send, and for how long; subscribers of which one stalls; a flood.
SOAK_CONNECTIONS = DMPC_SOAK=1 DMPC_SOAK_WEBSOCKETS=10000 DMPC_SOAK_CONNECTIONS=200 DMPC_SOAK_SECONDS=60 \
    DMPC_SOAK_SUBSCRIBERS=100 DMPC_SOAK_MESSAGES=250 DMPC_SOAK_ROUNDS=5 DMPC_SOAK_FLOOD_SECONDS=120 \
    DMPC_SOAK_FLOOD_CLIENTS=24
# Of `make bench`: the programs (system is the node as a whole, convergence, replay and peer_sync are what an operation, an audit
# and agreeing cost), messages of the largest log, and of system the sections that run, with commas between them; none means all.
BENCHES ?= system convergence replay peer_sync
BENCH_OPERATIONS ?= 1000000
BENCH_ONLY ?=
COSTS = $(filter-out system,$(BENCHES))
# Of `make demo`: another log than the real one in ../shared, or else the one that ships with the project.
LOG ?=

help: ## this list
	@echo 'DMPC: distributed multiuser private channels'
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo '  DATA=$(DATA)  GRPC=$(GRPC)  WS=$(WS)  are of make run and can be given behind it;'
	@echo '  FUZZ_SECONDS=$(FUZZ_SECONDS)  is of make fuzz, SOAK_ORDERS=$(SOAK_ORDERS) of make soak;'
	@echo '  BENCHES="$(BENCHES)"  BENCH_OPERATIONS=$(BENCH_OPERATIONS)  BENCH_ONLY=  are of make bench.'

setup: ## checks what build and tests need; as root it installs missing Debian or Ubuntu packages
	@.ci/setup tests

tools:
	@.ci/setup

build: tools ## builds node and command line, in release
	@compgen -G "$$CARGO_TARGET_DIR/release/build/librocksdb-sys-*/out/librocksdb.a" >/dev/null || \
	    echo 'RocksDB is compiled once: about 17 minutes on 2 cores.'
	cargo build --release --workspace --bins

run: build ## runs a node in the foreground; on first use it makes its data directory and root user
	@mkdir -p -m 0700 '$(DATA)'
	@[[ -e '$(DATA)/node' ]] || '$(BIN)/dmpc-node' init --data '$(DATA)/node' --root '$(DATA)/root.identity' | sed '/^next:/d'
	@echo
	@echo "The root user's keys are in $(DATA)/root.identity. Once it says ready, type in another terminal, in this folder:"
	@echo
	@echo "  export DMPC_IDENTITY='$(DATA)/root.identity' DMPC_GRPC=$(GRPC) DMPC_WS=$(WS)"
	@echo "  '$(BIN)/dmpc-cli' channel open notes"
	@echo "  '$(BIN)/dmpc-cli' message send --channel notes 'Hello'"
	@echo "  '$(BIN)/dmpc-cli' message read --channel notes"
	@echo
	@echo "README.md goes on with two people. Ctrl-C stops the node."
	@echo
	@exec '$(BIN)/dmpc-node' serve --data '$(DATA)/node' --grpc '$(GRPC)' --ws '$(WS)'

test: setup build ## every check: formatting, lints, specifications, and the demonstration on both of its logs
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets -- -D warnings
	cd tests/interop && '$(VENV)/bin/ruff' check --quiet --no-cache && '$(VENV)/bin/ruff' format --check --quiet --no-cache && \
	    '$(VENV)/bin/mypy' --cache-dir '$(VENV)/mypy' --no-error-summary
	cd tests/interop/javascript && '$(NODE_MODULES)/.bin/biome' check --error-on-warnings --log-level=error
	cargo test --release --workspace 2>&1 | tee '$(BIN)/test.log'
	'$(BIN)/dmpc-demo' tests/demo/small.jsonl
	'$(BIN)/dmpc-demo' $(LOG)
	@awk '/^test result:/ { passed += $$4; failed += $$6 } \
	    END { printf "%d passed, %d failed; the demonstration agrees\n", passed, failed }' '$(BIN)/test.log'

demo: build ## an import through both front ends, a SIGKILL, an audit: in a temporary directory, under a minute
	@'$(BIN)/dmpc-demo' $(LOG)

fuzz: tools ## fuzzes each decoder for FUZZ_SECONDS (60), and prints what was seen
	@.ci/fuzz

soak: build ## random orders of arrival, changed bytes, kills, many connections, floods: for long, with figures at the end of each
	DMPC_SOAK_ORDERS='$(SOAK_ORDERS)' cargo test --release --workspace --test specs -- --nocapture --exact \
	    storage::convergence::in_memory_every_order_and_size_of_steps_gives_what_the_definition_says
	DMPC_SOAK_CORRUPTIONS='$(SOAK_CORRUPTIONS)' cargo test --release --workspace --test specs -- --nocapture --exact \
	    cli::audit::corruption::a_changed_byte_of_a_stored_directory_is_never_silently_accepted
	DMPC_PEERS_EVENTS='$(SOAK_EVENTS)' cargo test --release --workspace --test specs -- --nocapture --exact \
	    peers::three_processes::three_nodes_that_are_killed_and_cut_off_end_with_one_log_and_one_state
	DMPC_SOAK_KILLS='$(SOAK_KILLS)' cargo test --release --workspace --test specs -- --nocapture --exact \
	    crash::kills::nothing_acknowledged_is_lost_by_a_kill_at_any_time
	DMPC_SOAK_DAMAGE='$(SOAK_DAMAGE)' cargo test --release --workspace --test specs -- --nocapture \
	    damage::torn damage::single_bytes
	DMPC_SOAK_NETWORKS='$(SOAK_NETWORKS)' cargo test --release --workspace --test specs -- --nocapture --exact \
	    sync::simulation::after_the_network_heals_all_honest_nodes_with_equal_roots_agree
	ulimit -n 20000 && env $(SOAK_CONNECTIONS) cargo test --release --workspace --test specs -- --nocapture \
	    --test-threads=1 node::soak node::floods

bench: build ## the node as a whole beside the limits of the machine, then what an operation and an audit cost
	$(if $(filter system,$(BENCHES)),BENCH_OPERATIONS='$(BENCH_OPERATIONS)' BENCH_ONLY='$(BENCH_ONLY)' '$(BIN)/dmpc-bench')
	$(if $(COSTS),DMPC_BENCH_OPERATIONS_MAX='$(BENCH_OPERATIONS)' cargo bench --workspace $(addprefix --bench ,$(COSTS)))

bench-layouts: build ## what the options of storage cost and save
	DMPC_BENCH_LAYOUTS=1 cargo bench --workspace --bench convergence

docs: build ## writes docs/cli.md anew, from the help of the command line
	'$(BIN)/dmpc-cli' reference > docs/cli.md

vectors: build ## writes the test vectors in tests/vectors anew; bytes of age are kept
	cargo run --release -p dmpc-tests --bin dmpc-vectors

fmt: tools ## formats the code
	cargo fmt --all

lint: build ## what clippy says
	cargo clippy --release --workspace --all-targets -- -D warnings

clean: ## removes what was built of DMPC; RocksDB, other dependencies and data stay
	cargo clean --release -p dmpc -p dmpc-storage -p dmpc-node -p dmpc-cli -p dmpc-tests
