#!/usr/bin/env bash
# Installs what the tests need and the machine lacks: Chromium, PostgreSQL, Node.js, npm, nginx, Caddy and a mail server (aiosmtpd) from
# Debian (or Ubuntu) packages, then the browser tests' npm packages. What is there already is left alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/postgres.sh

fail() {
    echo "deps: $*" >&2
    exit 1
}

has_chromium() { [ -x "${LATCHKEY_CHROMIUM:-/usr/bin/chromium}" ]; }
has_postgres() { postgres_bin >/dev/null 2>&1 && command -v psql >/dev/null; }
has_node() { command -v node >/dev/null; }
has_npm() { command -v npm >/dev/null; }
has_nginx() { [ -x /usr/sbin/nginx ] || command -v nginx >/dev/null; }
has_caddy() { command -v caddy >/dev/null; }
# Debian's own Python, which finds Debian's modules; the tests run the same one.
has_smtp() { /usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null; }

missing=()
has_chromium || missing+=(chromium fonts-liberation)
has_postgres || missing+=(postgresql)
has_node || missing+=(nodejs)
has_npm || missing+=(npm)
has_nginx || missing+=(nginx)
has_caddy || missing+=(caddy)
has_smtp || missing+=(python3-aiosmtpd)

if [ ${#missing[@]} -gt 0 ]; then
    echo "deps: missing: ${missing[*]}"
    command -v apt-get >/dev/null || fail "there is no apt-get here; install ${missing[*]} by hand and run this again"
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "installing ${missing[*]} needs root or sudo; install them by hand and run this again"
        as_root=(sudo)
    fi
    echo "deps: ${as_root[*]:+sudo }apt-get install ${missing[*]}"
    "${as_root[@]}" apt-get update -qq || echo "deps: apt-get update failed; trying with the lists that are there" >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
        fail "apt-get could not install ${missing[*]}"
    hash -r
fi

command -v cargo >/dev/null || fail "cargo is not on the PATH; install Rust from https://rustup.rs"
command -v cc >/dev/null || fail "there is no C compiler (cc); on Debian: apt-get install build-essential"
has_chromium || fail "there is no Chromium at ${LATCHKEY_CHROMIUM:-/usr/bin/chromium}; set LATCHKEY_CHROMIUM to where it is"
has_postgres || fail "PostgreSQL's initdb, pg_ctl and psql were not found under /usr/lib/postgresql or on the PATH"
has_node || fail "node is not on the PATH"
has_npm || fail "npm is not on the PATH"
has_nginx || fail "nginx was not found in /usr/sbin or on the PATH"
has_caddy || fail "caddy is not on the PATH"
has_smtp || fail "/usr/bin/python3 has no module aiosmtpd, the mail server of the tests"
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 18 || (a === 18 && b >= 19) ? 0 : 1)' ||
    fail "Node.js $(node --version) is too old; 18.19 or later is needed"

# npm ci starts from nothing each time; it is run again only when the lock file is newer than what it made.
stamp=tests/browser/node_modules/.package-lock.json
if [ ! -e "$stamp" ] || [ tests/browser/package-lock.json -nt "$stamp" ] || [ tests/browser/package.json -nt "$stamp" ]; then
    echo "deps: npm ci in tests/browser"
    (cd tests/browser && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error) || fail "npm ci failed in tests/browser"
    touch "$stamp"
fi

echo "deps: $("${LATCHKEY_CHROMIUM:-/usr/bin/chromium}" --version 2>/dev/null | head -n 1 || true); $("$(postgres_bin)/postgres" --version); Node.js $(node --version); npm $(npm --version 2>/dev/null)"
