#!/usr/bin/env bash
# Everything that is tested: the Rust tests on SQLite and PostgreSQL, then the pages in a real Chromium.
# The last lines count what ran; the exit code is 0 only if all of it passed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
started=$SECONDS

scripts/deps.sh

. scripts/postgres.sh
work=$(mktemp -d)
cleanup() {
    postgres_stop
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# A colour code inside a line would hide it from the counting below.
export CARGO_TERM_COLOR=never

echo "test: cargo build"
if ! cargo build --locked --all-targets; then
    echo "The build failed: no test ran, and the build counts as the failure."
    echo "0 passed, 1 failed"
    exit 1
fi

echo "test: starting PostgreSQL"
postgres_start

failed_steps=()

echo "test: cargo test"
seen=${CARGO_TARGET_DIR:-$PWD/target}/tmp/openapi-seen.txt
rm -f "$seen"
cargo test --locked --no-fail-fast | tee "$work/rust" || failed_steps+=("cargo test")
echo "test: the OpenAPI document"
node scripts/openapi-seen.mjs "$seen" || failed_steps+=("the OpenAPI document promises what no test has seen")

# The totals are those of cargo's own "test result" lines; the names tell which database a test ran on.
sum() { sed -nE "s/^test result: .*[^0-9]([0-9]+) $1;.*/\1/p" "$work/rust" | awk '{ n += $1 } END { print n + 0 }'; }
named() { grep -cE "^test .*::$1( - [^.]*)? \.\.\. (ok|FAILED)" "$work/rust" || true; }
rust_passed=$(sum passed)
rust_failed=$(sum failed)
rust_ignored=$(sum ignored)
sqlite=$(named sqlite)
postgres=$(named postgres)
other=$((rust_passed + rust_failed - sqlite - postgres))

echo "test: Chromium"
shopt -s nullglob
browser_files=(tests/browser/*.test.mjs)
LATCHKEY_BIN=${LATCHKEY_BIN:-${CARGO_TARGET_DIR:-$PWD/target}/debug/latchkey}
export LATCHKEY_BIN
timeout --foreground --kill-after=30 30m node --test --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=tap --test-reporter-destination="$work/browser" "${browser_files[@]}" || failed_steps+=("browser tests")
tap() { sed -nE "s/^# $1 ([0-9]+)$/\1/p" "$work/browser" 2>/dev/null | tail -n 1 | grep . || echo 0; }
browser_passed=$(tap pass)
browser_failed=$(($(tap fail) + $(tap cancelled)))
browser_skipped=$(($(tap skipped) + $(tap todo)))

passed=$((rust_passed + browser_passed))
failed=$((rust_failed + browser_failed))
# Both databases and the browser must have been tested at all.
for ran in "$sqlite:SQLite" "$postgres:PostgreSQL" "$((browser_passed + browser_failed)):the browser"; do
    if [ "${ran%%:*}" -eq 0 ]; then failed_steps+=("no test ran on ${ran#*:}"); fi
done
# A step may fail without a failed test (a test binary that crashes, a file that does not load): it still counts.
if [ ${#failed_steps[@]} -gt 0 ] && [ "$failed" -eq 0 ]; then failed=${#failed_steps[@]}; fi

minutes=$(awk -v s=$((SECONDS - started)) 'BEGIN { printf "%.1f", s / 60 }')
echo
if [ ${#failed_steps[@]} -gt 0 ]; then printf 'failed: %s\n' "${failed_steps[@]}"; fi
if [ "$((rust_ignored + browser_skipped))" -gt 0 ]; then echo "ignored or skipped: $((rust_ignored + browser_skipped))"; fi
echo "tests on SQLite:      $sqlite"
echo "tests on PostgreSQL:  $postgres"
echo "other Rust tests:     $other"
echo "tests in the browser: $((browser_passed + browser_failed))"
echo "minutes:              $minutes"
echo "$passed passed, $failed failed"

[ "$failed" -eq 0 ]
