#!/usr/bin/env bash
# Runs a command beside a throw-away PostgreSQL, whose address it finds in LATCHKEY_TEST_POSTGRES_URL:
#
#   scripts/with-postgres.sh cargo test --test it users
#
# Ends with the command's exit code; the server and its files are gone afterwards.
set -euo pipefail
if [ $# -eq 0 ]; then
    echo "usage: scripts/with-postgres.sh COMMAND [ARGUMENT]…" >&2
    exit 2
fi
. "$(dirname "${BASH_SOURCE[0]}")/postgres.sh"
trap postgres_stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
postgres_start
code=0
"$@" || code=$?
exit "$code"
