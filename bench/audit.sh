#!/usr/bin/env bash
# The audit log with 1,000 and with 1,000,000 entries: what a page costs by CPU, and how much memory an export takes.
# Usage: bench/audit.sh [LATCHKEY], a release build; wants sqlite3's module of python3, and curl.
set -euo pipefail
latchkey=$(realpath "${1:-target/release/latchkey}")
password='plum harbour ticket seven'

fill() { # FOLDER ENTRIES: an Admin, a token that reads the log, and entries as a busy portal has them.
  LATCHKEY_DATA_DIR=$1 "$latchkey" admin create --username ada --email ada@example.com --display-name Ada --password-stdin <<<"$password" >/dev/null
  LATCHKEY_DATA_DIR=$1 "$latchkey" token create --user ada --name bench --scope audit:read --expires 30d
  python3 - "$1/latchkey.db" "$2" <<'PY'
import random, sqlite3, sys, time
db = sqlite3.connect(sys.argv[1])
count, dice = int(sys.argv[2]), random.Random(7)
first = db.execute('SELECT MAX(seq) FROM audit').fetchone()[0]
actions = ['session.create'] * 8 + ['token.create', 'token.rotate', 'user.update', 'user.create', 'team.update', 'team.set_member', 'token.revoke', 'settings.update']
now = int(time.time() * 1e6)
def rows():
    for n in range(first + 1, count + 1):
        kind = dice.choices(['person', 'service', 'agent', 'cli'], [70, 20, 8, 2])[0]
        actor = None if kind == 'cli' else dice.randrange(2, 2 + min(count, 5000))
        name = 'command line' if kind == 'cli' else f'user{actor}'
        action = dice.choice(actions)
        target = ('team', dice.randrange(2, 500)) if action.startswith('team') else ('service', dice.randrange(2, 5000))
        refused = dice.random() < .03
        yield (n, now - (count - n) * 30_000_000, kind, actor, name, None, None, action, target[0], target[1], f'{target[0]}{target[1]}',
               'refused' if refused else 'done', 'This needs the permission teams:update, which you do not have here.' if refused else None,
               '{"description":"before"}', f'{{"description":"change {n} of invoices"}}', f'192.0.2.{n % 250}', 'curl/8.5.0', f'{dice.getrandbits(128):032x}', bytes(32))
db.executemany('INSERT INTO audit VALUES (' + ','.join('?' * 19) + ')', rows())
db.commit()
PY
}

serve() { # FOLDER
  LATCHKEY_DATA_DIR=$1 LATCHKEY_LISTEN=127.0.0.1:18411 "$latchkey" serve >/dev/null 2>&1 & server=$!
  for _ in $(seq 6000); do curl -sf -o /dev/null http://127.0.0.1:18411/readyz && return; sleep .1; done
}
cpu() { awk '{ print ($14 + $15) * 10 }' "/proc/$server/stat"; } # milliseconds
rss() { awk '/VmRSS/ { print $2 }' "/proc/$server/status"; }

folder=$(mktemp -d); server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
for entries in 1000 1000000; do
  token=$(fill "$folder/$entries" "$entries")
  echo "== $entries entries"
  serve "$folder/$entries"
  get() { curl -sf -H "Authorization: Bearer $token" "http://127.0.0.1:18411/api/v1/audit$1"; }
  for query in '' 'kind=agent&action=token.create' 'kind=service&outcome=refused' 'action=token.*&outcome=refused' 'target_kind=team&kind=agent' \
               'q=invoices&kind=agent' 'q=nothing+like+it&kind=agent' 'q=user77&action=token.create' 'actor=77&action=user.*' 'actor=77&outcome=refused' 'target=team7&kind=agent' 'from=2026-01-01&outcome=refused'; do
    get "?$query" >/dev/null
    before=$(cpu); for _ in $(seq 100); do get "?$query" >/dev/null; done
    hits=$(get "?$query" | python3 -c 'import json,sys; print(len(json.load(sys.stdin)["items"]))')
    printf '%-34s %6.2f ms, %s entries\n' "${query:-no filter}" "$(echo "($(cpu) - $before) / 100" | bc -l)" "$hits"
  done
  for format in csv ndjson; do
    start=$(rss); peak=$start
    curl -sf -H "Authorization: Bearer $token" "http://127.0.0.1:18411/api/v1/audit/export?format=$format" | tee >(wc -lc >"$folder/count") >/dev/null & reader=$!
    while kill -0 $reader 2>/dev/null; do now=$(rss); peak=$((now > peak ? now : peak)); sleep .05; done
    wait $reader
    echo "export as $format: $(tr -s ' ' <"$folder/count") lines and bytes; memory $start kB, at most $peak kB: grew by $((peak - start)) kB"
  done
  kill "$server"; wait "$server" || true
done
