# The chores of a checkout. `make check` is what a change must pass.

.PHONY: help deps fmt lint audit test soak bench bench-verify check run

help:
	@echo "make run    start the portal from this checkout"
	@echo "make test   install what the tests need, build, test on SQLite and PostgreSQL, then in a real Chromium"
	@echo "make soak   100,000 random sequences against the rules of access on both databases; LATCHKEY_TEST_SOAK=3000 for fewer"
	@echo "make bench  what lists cost on stores of up to 1,000,000 accounts, against a bare handler (bench/README.md)"
	@echo "make bench-verify  what checking a token costs on a store of 1,000,000, against a bare handler (bench/README.md)"
	@echo "make lint   formatting, clippy, licences"
	@echo "make check  lint and test"
	@echo "make fmt    format the code"
	@echo "make deps   only install what the tests need"
	@echo "make audit  known vulnerabilities of the dependencies (needs the network)"

deps:
	@scripts/deps.sh

fmt:
	cargo fmt

lint:
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	@if cargo deny --version >/dev/null 2>&1; then \
		echo "cargo deny check licenses bans sources"; cargo deny check licenses bans sources; \
	else \
		echo "lint: cargo-deny is not installed, so licences were not checked; cargo install --locked cargo-deny"; \
	fi

# Known vulnerabilities: a target of its own, since it fetches the advisory database.
audit:
	cargo deny check advisories

test:
	@scripts/test.sh

# Other sequences each time, unless a seed is given.
LATCHKEY_TEST_SOAK ?= 100000
LATCHKEY_TEST_SOAK_SEED ?= $(shell date +%s)
soak:
	@echo "soak: $(LATCHKEY_TEST_SOAK) sequences on each database, LATCHKEY_TEST_SOAK_SEED=$(LATCHKEY_TEST_SOAK_SEED)"
	LATCHKEY_TEST_SOAK=$(LATCHKEY_TEST_SOAK) LATCHKEY_TEST_SOAK_SEED=$(LATCHKEY_TEST_SOAK_SEED) \
		scripts/with-postgres.sh cargo test --locked --profile soak --test it nobody_grants_more_than_they_hold -- --nocapture

bench:
	cargo bench --locked --bench lists

bench-verify:
	cargo bench --locked --bench verify

check: lint test

run:
	cargo run --release
