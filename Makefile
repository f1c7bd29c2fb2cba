# The chores of a checkout. `make check` is what a change must pass.

.PHONY: help deps fmt lint audit test check run

help:
	@echo "make run    start the portal from this checkout"
	@echo "make test   install what the tests need, build, test on SQLite and PostgreSQL, then in a real Chromium"
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

check: lint test

run:
	cargo run --release
