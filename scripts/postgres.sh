# Functions, to be sourced: a private, throw-away PostgreSQL for the tests.
#
#   postgres_bin      prints the folder of PostgreSQL's server programs, the newest version found
#   postgres_start    makes and starts a cluster; sets and exports LATCHKEY_TEST_POSTGRES_URL
#   postgres_stop     stops it and removes every file of it; harmless when none runs
#
# The cluster listens on 127.0.0.1 at a free port and on a socket in its own folder, trusts everyone who gets that far,
# and does not care for its data. The server refuses to run as root, so root runs it as the `postgres` user.

postgres_dir=

postgres_bin() {
    local dir
    for dir in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -rn) "$(pg_config --bindir 2>/dev/null)"; do
        if [ -x "$dir/initdb" ] && [ -x "$dir/pg_ctl" ]; then
            echo "$dir"
            return 0
        fi
    done
    return 1
}

_postgres_as() {
    if [ "$(id -u)" -eq 0 ]; then
        # From a folder which that user may enter, and without the caller's environment.
        (cd / && runuser -u postgres -- env PATH=/usr/bin:/bin LC_ALL=C "$@")
    else
        (cd / && env LC_ALL=C "$@")
    fi
}

# A port that nobody listens on, below the range from which the system hands out its own.
_postgres_port() {
    local port
    while :; do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return 0
        fi
    done
}

postgres_start() {
    local bin port attempt locale
    bin=$(postgres_bin) || {
        echo "postgres: initdb and pg_ctl were not found under /usr/lib/postgresql or by pg_config; run make deps" >&2
        return 1
    }
    # A socket's path may be only 107 bytes long, so not below a TMPDIR of any length.
    postgres_dir=$(mktemp -d /tmp/latchkey-pg.XXXXXX)
    if [ "$(id -u)" -eq 0 ]; then chown postgres "$postgres_dir"; fi

    # Sorted by language, as production servers mostly are, so that code which leans on byte order is found out.
    locale=(--locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US)
    _postgres_as "$bin/initdb" --help | grep -q -e --icu-locale || locale=(--no-locale)
    if ! _postgres_as "$bin/initdb" -D "$postgres_dir/data" -U postgres --auth=trust -E UTF8 "${locale[@]}" --no-sync \
        >"$postgres_dir.initdb.log" 2>&1; then
        cat "$postgres_dir.initdb.log" >&2
        rm -f "$postgres_dir.initdb.log"
        postgres_stop
        return 1
    fi
    rm -f "$postgres_dir.initdb.log"

    for attempt in 1 2 3 4 5; do
        port=$(_postgres_port)
        if _postgres_as "$bin/pg_ctl" -D "$postgres_dir/data" -l "$postgres_dir/log" -w -t 60 -s \
            -o "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=$postgres_dir \
                -c max_connections=200 -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
                -c wal_level=minimal -c max_wal_senders=0 -c max_wal_size=4GB" \
            start </dev/null >/dev/null 2>&1; then
            export LATCHKEY_TEST_POSTGRES_URL="postgres://postgres@127.0.0.1:$port/postgres"
            return 0
        fi
    done
    echo "postgres: the server did not start; the end of its log:" >&2
    tail -n 20 "$postgres_dir/log" >&2
    postgres_stop
    return 1
}

postgres_stop() {
    [ -n "$postgres_dir" ] || return 0
    if [ -e "$postgres_dir/data/postmaster.pid" ]; then
        _postgres_as "$(postgres_bin)/pg_ctl" -D "$postgres_dir/data" -m immediate -w -s stop >/dev/null 2>&1 || true
    fi
    rm -rf "$postgres_dir"
    postgres_dir=
}
