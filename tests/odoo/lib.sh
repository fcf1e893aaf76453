#!/usr/bin/env bash
# A real Odoo 19, an Odoo 14 (lib-14.sh) and a PostgreSQL for the tests. Source this file; it starts nothing by itself.
#
#   . tests/odoo/lib.sh
#   trap test_cleanup EXIT
#   odoo_provision                                   # minutes on a new machine, a second later on
#   pg_start
#   odoo_new_db mydb o19                             # a fresh copy of a template: o19 | o19_plain
#   odoo_install mydb loyalty_sidecar "$PWD/odoo_addon"
#   odoo_start mydb "$(free_port)" "$PWD/odoo_addon" # ODOO_URL, log in as admin/admin
#
# Everything lives in one cache folder, LOYALTY_TEST_CACHE (default: ~/.cache/loyalty-sidecar), so that
# only the first run on a machine is slow. Every server listens on loopback only. Works with and without `set -e`.
#
# Needs Debian and root (debootstrap, chroot, mount). PostgreSQL alone works for any user who has its
# server programs. Functions return non-zero after saying on stderr what failed and what to do.

TEST_CACHE="${LOYALTY_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/loyalty-sidecar}"
# Where servers write their logs. tests/run sets it; by hand they land in the cache.
TEST_LOGS="${LOYALTY_TEST_LOGS:-$TEST_CACHE/logs}"

DEBIAN_ROOT="$TEST_CACHE/trixie"
ODOO_ROOT="$TEST_CACHE/odoo-19"
# Odoo's own sources, to read: point_of_sale and pos_loyalty are in $ODOO_SOURCES/addons.
# shellcheck disable=SC2034
ODOO_SOURCES="$ODOO_ROOT/usr/lib/python3/dist-packages/odoo"

# What the root and the template databases are made of: change a line here and they are made anew.
_DEBIAN_ROOT_STAMP='trixie minbase, recipe 1'
_ODOO_ROOT_STAMP='trixie + odoo-19 of sid, recipe 1'
_ODOO_PLAIN_MODULES='point_of_sale,sale_management'
_ODOO_FULL_MODULES='pos_loyalty'
_ODOO_TEMPLATE_STAMP="$_ODOO_PLAIN_MODULES; $_ODOO_FULL_MODULES; demo; en_US, fr_FR; recipe 2"
# Where releases of Odoo differ: how demo data is asked for, what a user's groups are called, what an API key is made of.
_ODOO_DEMO=(--with-demo)
_ODOO_USER_GROUPS=group_ids
_ODOO_KEY_ARGUMENTS="'rpc', 'loyalty-sidecar', None"

declare -gA ODOO_PIDS=()

# shellcheck source=tests/odoo/lib-14.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-14.sh"

# Locks: _lock FILE takes one and leaves its descriptor in LOCK; _unlock DESCRIPTOR gives it back. It is given back by
# name, not by closing alone: a server started meanwhile has the descriptor too, and would keep the lock as long as it runs.
_lock() {
    exec {LOCK}>"$1" || return 1
    flock "$LOCK"
}
_unlock() {
    local descriptor=$1
    flock --unlock "$descriptor"
    exec {descriptor}>&-
}

_say() { printf '%s\n' "$*" >&2; }
_fail() {
    printf 'error: %s\n' "$*" >&2
    return 1
}

# ---------------------------------------------------------------------------------------------
# The machine
# ---------------------------------------------------------------------------------------------

_is_root() { [ "$(id -u)" -eq 0 ]; }
_is_debian() { [ -r /etc/debian_version ] && command -v apt-get >/dev/null; }

# need_packages PACKAGE...: installs the Debian packages the machine lacks.
need_packages() {
    local package missing=()
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! _is_debian || ! _is_root; then
        _fail "this machine lacks ${missing[*]}; install them, or run as root on Debian"
        return 1
    fi
    _say "installing ${missing[*]}"
    mkdir -p "$TEST_LOGS" "$TEST_CACHE" || return 1
    # One at a time: background stages may ask for packages at the same moment.
    (
        flock 8 || exit 1
        export DEBIAN_FRONTEND=noninteractive
        install=(apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 install -y --no-install-recommends "${missing[@]}")
        # The lists on the machine may be old or absent: try them, then fresh ones.
        "${install[@]}" 8>&- && exit 0
        apt-get -o Acquire::Retries=3 update 8>&- && "${install[@]}" 8>&-
    ) </dev/null >>"$TEST_LOGS/apt.log" 2>&1 8>"$TEST_CACHE/apt.lock" ||
        _fail "apt-get could not install ${missing[*]}: see $TEST_LOGS/apt.log"
}

# need_commands COMMAND:PACKAGE...: installs the package of each command that is not there.
need_commands() {
    local pair packages=()
    for pair in "$@"; do
        command -v "${pair%%:*}" >/dev/null || packages+=("${pair##*:}")
    done
    [ ${#packages[@]} -eq 0 ] || need_packages "${packages[@]}"
}

# free_port: prints a TCP port that nobody listens on now. Two calls in a row give two ports.
free_port() {
    local port tries=0
    while [ $tries -lt 200 ]; do
        tries=$((tries + 1))
        # Below the kernel's range for outgoing connections, so that none of those takes it meanwhile.
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            printf '%s\n' "$port"
            return 0
        fi
    done
    _fail 'no free TCP port found'
}

# wait_http URL SECONDS [PID]: waits until URL answers with a status below 500, or PID is gone.
wait_http() {
    local url=$1 until=$((SECONDS + $2)) pid=${3:-} status
    while [ $SECONDS -lt "$until" ]; do
        if [ -n "$pid" ] && ! kill -0 "$pid" 2>/dev/null; then
            return 1
        fi
        status=$(curl --silent --noproxy '*' --output /dev/null --max-time 30 --write-out '%{http_code}' "$url" 2>/dev/null) || status=000
        if [ "$status" -gt 0 ] && [ "$status" -lt 500 ]; then
            return 0
        fi
        sleep 0.2
    done
    return 1
}

# stop_process PID [SECONDS]: SIGTERM, and SIGKILL when it has not ended after SECONDS (10).
stop_process() {
    local pid=$1 until=$((SECONDS + ${2:-10}))
    kill -TERM "$pid" 2>/dev/null || return 0
    while kill -0 "$pid" 2>/dev/null; do
        if [ $SECONDS -ge "$until" ]; then
            kill -KILL "$pid" 2>/dev/null || true
            break
        fi
        sleep 0.1
    done
    wait "$pid" 2>/dev/null || true
}

# test_cleanup: stops what this shell started. Made for `trap test_cleanup EXIT`.
test_cleanup() {
    odoo_stop
    pg_stop
}

# ---------------------------------------------------------------------------------------------
# PostgreSQL: one cluster in the cache, shared by everyone who calls pg_start at the same time
# ---------------------------------------------------------------------------------------------

_pg_find() {
    PG_BIN=$(printf '%s\n' /usr/lib/postgresql/*/bin/postgres | sort -V | tail -n 1)
    [ -x "$PG_BIN" ] || PG_BIN=$(command -v postgres) || return 1
    PG_BIN=$(dirname "$PG_BIN")
    local major
    major=$("$PG_BIN/postgres" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
    PG_HOME="$TEST_CACHE/postgresql-$major"
}

# Runs a PostgreSQL program as somebody who is not root and who may not even see the cache folder
# (it is under root's home): the cluster's folder is mounted on /mnt, for that process alone.
_pg_exec() {
    if _is_root; then
        # shellcheck disable=SC2016
        exec unshare --mount --propagation private sh -c '
            home=$1; shift
            mount --bind "$home" /mnt && cd /mnt &&
            exec setpriv --reuid postgres --regid postgres --clear-groups "$@"' sh "$PG_HOME" "$@"
    else
        cd "$PG_HOME" && exec "$@"
    fi
}

# The whole of the cluster's settings. What a service should find on any server (jit, the planner's costs) stays at
# PostgreSQL's default. Nothing waits for the disk: safe against a crash of the server, and pg_start sees when the machine
# has gone down.
_pg_settings() {
    cat <<-'CONF'
		listen_addresses = '127.0.0.1'
		unix_socket_directories = ''
		max_connections = 200
		shared_buffers = 256MB
		fsync = off
		full_page_writes = off
		synchronous_commit = off
		wal_level = minimal
		max_wal_senders = 0
		max_wal_size = 2GB
		log_min_messages = warning
	CONF
}

# Before each start, so that a cluster made with other settings gets those of today and keeps its databases.
_pg_configure() { # DATA_FOLDER
    _pg_settings >"$1/postgresql.conf"
}

_pg_create() {
    local password
    _say "making a PostgreSQL cluster in $PG_HOME"
    rm -rf "$PG_HOME/data.new"
    mkdir -p "$PG_HOME/data.new" || return 1
    password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
    (umask 077 && printf '%s' "$password" >"$PG_HOME/password") || return 1
    if _is_root; then chown postgres: "$PG_HOME" "$PG_HOME/data.new" "$PG_HOME/password"; fi
    (_pg_exec "$PG_BIN/initdb" -D data.new -U loyalty --pwfile=password --auth=scram-sha-256 \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync --no-instructions) >"$PG_HOME/initdb.log" 2>&1 ||
        { _fail "initdb failed: see $PG_HOME/initdb.log"; return 1; }
    _pg_configure "$PG_HOME/data.new" || return 1
    sync -f "$PG_HOME/data.new"
    mv "$PG_HOME/data.new" "$PG_HOME/data"
}

# Prints the pid and the port of the running cluster; non-zero when it does not run.
_pg_running() {
    local pid port
    [ -r "$PG_HOME/data/postmaster.pid" ] || return 1
    pid=$(sed -n 1p "$PG_HOME/data/postmaster.pid")
    port=$(sed -n 4p "$PG_HOME/data/postmaster.pid")
    [ -n "$port" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = postgres ] || return 1
    printf '%s %s\n' "$pid" "$port"
}

# pg_start: starts the cluster on a free port of loopback, or joins the one that runs. Exports
#   TEST_PG_HOST TEST_PG_PORT TEST_PG_USER TEST_PG_PASSWORD  of a superuser,
#   TEST_PG_URL (postgres://…/postgres), also as LOYALTY_TEST_POSTGRES_URL for the Rust tests.
# The cluster stops when the last shell that called pg_start has called pg_stop or is gone.
pg_start() {
    local running port lock boot
    if ! _pg_find; then
        need_packages postgresql || return 1
        _pg_find || { _fail 'no PostgreSQL server program found; install the package postgresql'; return 1; }
    fi
    mkdir -p "$PG_HOME/users" "$TEST_LOGS" || return 1
    _lock "$PG_HOME/lock" || return 1
    lock=$LOCK
    boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null) || boot=unknown
    if ! running=$(_pg_running) && [ "$(cat "$PG_HOME/boot" 2>/dev/null || echo "$boot")" != "$boot" ]; then
        _say "the machine went down while PostgreSQL ran: its files are made anew"
        rm -rf --one-file-system "$PG_HOME/data"
    fi
    if [ ! -d "$PG_HOME/data" ]; then
        _pg_create || { _unlock "$lock"; return 1; }
    fi
    if ! running=$(_pg_running); then
        _pg_configure "$PG_HOME/data" || { _unlock "$lock"; return 1; }
        printf '%s' "$boot" >"$PG_HOME/boot"
        port=$(free_port) || { _unlock "$lock"; return 1; }
        rm -f "$PG_HOME/data/postmaster.pid"
        # pg_ctl gives it a session of its own: a Ctrl-C for one of its users is not meant for it.
        if ! (_pg_exec "$PG_BIN/pg_ctl" start -D data -w -t 60 -s -l data/server.log -o "-p $port") \
            {lock}>&- </dev/null >>"$TEST_LOGS/postgresql.log" 2>&1 || ! running=$(_pg_running); then
            _unlock "$lock"
            _fail "PostgreSQL did not start: see $TEST_LOGS/postgresql.log and $PG_HOME/data/server.log"
            return 1
        fi
    elif ! _pg_settings | cmp -s - "$PG_HOME/data/postgresql.conf"; then
        _say 'the PostgreSQL that runs was started with other settings; it gets those of today when all its users are gone'
    fi
    : >"$PG_HOME/users/$$"
    _unlock "$lock"
    TEST_PG_HOST=127.0.0.1
    TEST_PG_PORT=${running#* }
    TEST_PG_USER=loyalty
    TEST_PG_PASSWORD=$(cat "$PG_HOME/password")
    TEST_PG_URL="postgres://$TEST_PG_USER:$TEST_PG_PASSWORD@$TEST_PG_HOST:$TEST_PG_PORT/postgres"
    LOYALTY_TEST_POSTGRES_URL=$TEST_PG_URL
    export TEST_PG_HOST TEST_PG_PORT TEST_PG_USER TEST_PG_PASSWORD TEST_PG_URL LOYALTY_TEST_POSTGRES_URL
}

# pg_stop: leaves the cluster, and stops it when nobody else uses it (LOYALTY_TEST_KEEP=1 leaves it running).
pg_stop() {
    local user running lock
    [ -n "${PG_HOME:-}" ] && [ -d "$PG_HOME/users" ] || return 0
    _lock "$PG_HOME/lock" || return 1
    lock=$LOCK
    rm -f "$PG_HOME/users/$$"
    for user in "$PG_HOME"/users/*; do
        kill -0 "${user##*/}" 2>/dev/null || rm -f "$user"
    done
    if [ -z "${LOYALTY_TEST_KEEP:-}" ] && [ -z "$(ls -A "$PG_HOME/users")" ] && running=$(_pg_running); then
        # SIGINT is PostgreSQL's fast shutdown: clients are cut off, the files are left clean.
        kill -INT "${running% *}" 2>/dev/null || true
        local until=$((SECONDS + 30))
        while kill -0 "${running% *}" 2>/dev/null && [ $SECONDS -lt $until ]; do sleep 0.1; done
        # Clean, and on the disk.
        if ! _pg_running >/dev/null; then sync -f "$PG_HOME/data" && rm -f "$PG_HOME/boot"; fi
    fi
    _unlock "$lock"
    return 0
}

# pg_sql DATABASE SQL…: runs SQL as superuser, prints the rows bare; fails on the first error.
pg_sql() {
    local database=$1 args=() statement
    shift
    for statement in "$@"; do args+=(-c "$statement"); done
    PGPASSWORD=$TEST_PG_PASSWORD PGOPTIONS='-c client_min_messages=warning' "$PG_BIN/psql" -h "$TEST_PG_HOST" -p "$TEST_PG_PORT" -U "$TEST_PG_USER" \
        -d "$database" -XqtA -v ON_ERROR_STOP=1 "${args[@]}" </dev/null
}

# ---------------------------------------------------------------------------------------------
# Odoo 19: Debian's package in a root of its own
# ---------------------------------------------------------------------------------------------

# Runs a command inside a root, with /proc, /dev and the addons mounted for that command alone: nothing
# stays mounted when it ends or is killed. The process keeps its pid, so it can be stopped by it.
_in_root() { # ROOT ADDONS_DIR|'' COMMAND...
    # shellcheck disable=SC2016
    exec unshare --mount --propagation private sh -c '
        root=$1; addons=$2; shift 2
        mount --bind /proc "$root/proc" && mount --rbind /dev "$root/dev" || exit 1
        if [ -n "$addons" ]; then mount --bind "$addons" "$root/mnt/extra-addons" || exit 1; fi
        exec chroot "$root" "$@"' sh "$@"
}

# The Debian mirror and the apt settings of this machine, whatever they are: never written down here.
_debian_mirror() {
    local mirror
    # shellcheck disable=SC2016
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' 2>/dev/null | sed -n 1p) || true
    if [ -z "$mirror" ]; then
        apt-get -o Acquire::Retries=3 update >>"$TEST_LOGS/apt.log" 2>&1 || true
        # shellcheck disable=SC2016
        mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | sed -n 1p) || true
    fi
    [ -n "$mirror" ] || { _fail "apt knows no Debian mirror: look at 'apt-get indextargets'"; return 1; }
    printf '%s\n' "$mirror"
}

# Removes a root, whatever a killed run may have left mounted in it.
_remove_root() {
    local mounted
    while read -r mounted; do
        umount --lazy "$mounted" || return 1
    done < <(awk -v root="$1/" 'index($2, root) == 1 { print $2 }' /proc/mounts | sort -r)
    rm -rf --one-file-system "$1" || _fail "$1 cannot be removed"
}

# debian_root: makes DEBIAN_ROOT, a minimal trixie with apt set up to install from this machine's mirror. Odoo's
# root is a copy of it, and so are the base images of tests/image.sh.
debian_root() {
    local new="$DEBIAN_ROOT.new" mirror lock
    mkdir -p "$TEST_CACHE" "$TEST_LOGS" && need_packages debootstrap || return 1
    _lock "$TEST_CACHE/debian.lock" || return 1
    lock=$LOCK
    if [ "$(cat "$DEBIAN_ROOT/.stamp" 2>/dev/null)" != "$_DEBIAN_ROOT_STAMP" ]; then
        if ! _remove_root "$new" || ! _remove_root "$DEBIAN_ROOT"; then
            _unlock "$lock"
            return 1
        fi
        if ! { mirror=$(_debian_mirror) && _debootstrap trixie "$new" "$mirror" &&
            printf '%s\n' "$_DEBIAN_ROOT_STAMP" >"$new/.stamp" &&
            mv "$new" "$DEBIAN_ROOT"; } >"$TEST_LOGS/debian-root.log" 2>&1; then
            _unlock "$lock"
            _fail "debootstrap failed: see $TEST_LOGS/debian-root.log"
            return 1
        fi
    fi
    _unlock "$lock"
}

# A minimal Debian in a folder, set up to install from its mirror and to start no service.
_debootstrap() { # SUITE DIR MIRROR
    local dir=$2
    unshare --mount --propagation private \
        debootstrap --variant=minbase --include=ca-certificates "$1" "$dir" "$3" </dev/null &&
        debian_root_network "$dir" &&
        printf '#!/bin/sh\nexit 101\n' >"$dir/usr/sbin/policy-rc.d" && chmod 755 "$dir/usr/sbin/policy-rc.d" &&
        mkdir -p "$dir/mnt/extra-addons"
}

# debian_root_network DIR: gives a root this machine's name resolution, certificates and apt proxy.
debian_root_network() {
    local dir=$1
    cp -L /etc/resolv.conf "$dir/etc/resolv.conf" || return 1
    if [ -r /etc/ssl/certs/ca-certificates.crt ]; then
        mkdir -p "$dir/etc/ssl/certs" && cp -L /etc/ssl/certs/ca-certificates.crt "$dir/etc/ssl/certs/" || return 1
    fi
    {
        printf 'Acquire::Check-Valid-Until "false";\nAcquire::Check-Date "false";\nAcquire::Retries "3";\n'
        apt-config dump | grep -Ei '^Acquire::https?::(Proxy|Verify)[^ ]* "' || true
    } >"$dir/etc/apt/apt.conf.d/90machine"
}

_odoo_root_build() {
    local new="$ODOO_ROOT.new" mirror
    _remove_root "$new" && _remove_root "$ODOO_ROOT" || return 1
    mirror=$(_debian_mirror) || return 1
    debian_root && cp -a "$DEBIAN_ROOT" "$new" && rm -f "$new/.stamp" && debian_root_network "$new" || return 1
    # Odoo 19 is in sid alone, but sid's Python breaks it: everything else stays trixie.
    printf 'deb %s sid main\n' "$mirror" >"$new/etc/apt/sources.list.d/sid.list"
    cat >"$new/etc/apt/preferences.d/odoo" <<-'PIN'
		Package: *
		Pin: release n=sid
		Pin-Priority: -1

		Package: odoo-19
		Pin: release n=sid
		Pin-Priority: 500
	PIN
    (_in_root "$new" '' env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive sh -ec '
        apt-get update
        apt-get install -y --no-install-recommends odoo-19
        apt-get clean
        id odoo
        odoo --version') </dev/null || return 1
    printf '%s\n' "$_ODOO_ROOT_STAMP" >"$new/.stamp" && mv "$new" "$ODOO_ROOT"
}

# odoo_cli ADDONS_DIR|'' ARGUMENTS...: runs Odoo inside the root as its own user, against the tests' PostgreSQL.
# `exec`s, so run it in a subshell: (odoo_cli '' shell -d mydb --no-http <script.py).
odoo_cli() {
    local addons=$1 path=() sub=()
    shift
    # A sub-command (shell, …) comes before the options.
    case ${1:-} in [a-z]*) sub=("$1"); shift ;; esac
    [ -z "$addons" ] || path=(--addons-path=/mnt/extra-addons)
    _in_root "$ODOO_ROOT" "$addons" env -i PATH=/usr/bin:/bin LANG=C.UTF-8 HOME=/var/lib/odoo \
        PYTZ_TZDATADIR=/usr/share/zoneinfo PGPASSWORD="$TEST_PG_PASSWORD" \
        setpriv --reuid odoo --regid odoo --init-groups \
        odoo "${sub[@]}" --config=/dev/null --data-dir=/var/lib/odoo --workers=0 \
        --db_host="$TEST_PG_HOST" --db_port="$TEST_PG_PORT" --db_user="$TEST_PG_USER" "${path[@]}" "$@"
}

_odoo_template_is_current() {
    [ "$(pg_sql postgres "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '$1'")" = \
        "$_ODOO_TEMPLATE_STAMP; $_ODOO_ROOT_STAMP" ]
}

# Everything in Odoo's log at level ERROR or above, tests' own aside, means the step went wrong.
_odoo_log_is_clean() {
    ! grep -qE '^[0-9-]+ [0-9:,]+ [0-9]+ (ERROR|CRITICAL) ' "$1"
}

# The errors of a log, on stderr, with what follows each.
_odoo_errors() {
    grep -E ' (ERROR|CRITICAL) ' -A 30 "$1" | sed -n 1,200p >&2 || true
}

_odoo_template_build() { # NAME FROM|'' MODULES
    local name=$1 from=$2 modules=$3 log="$TEST_LOGS/odoo-template-$1.log"
    _say "making the template database $name ($modules)"
    odoo_drop_db "$name" && odoo_drop_db "${name}_new" || return 1
    if [ -n "$from" ]; then
        odoo_new_db "${name}_new" "$from" || return 1
    fi
    if ! (odoo_cli '' -d "${name}_new" -i "$modules" "${_ODOO_DEMO[@]}" --load-language=en_US,fr_FR --stop-after-init --no-http) \
        </dev/null >"$log" 2>&1 || ! _odoo_log_is_clean "$log"; then
        _fail "Odoo could not install $modules: see $log"
        return 1
    fi
    mv "$ODOO_ROOT/var/lib/odoo/filestore/${name}_new" "$ODOO_ROOT/var/lib/odoo/filestore/$name" || return 1
    pg_sql postgres "BEGIN" \
        "ALTER DATABASE ${name}_new RENAME TO $name" \
        "COMMENT ON DATABASE $name IS '$_ODOO_TEMPLATE_STAMP; $_ODOO_ROOT_STAMP'" \
        "ALTER DATABASE $name IS_TEMPLATE true" \
        "COMMIT"
}

# odoo_provision: makes whatever is missing of the Odoo root and the template databases
#   o19        point_of_sale, sale_management, pos_loyalty, demo data, English and French
#   o19_plain  the same without pos_loyalty
# Idempotent; one at a time; what an interrupted run left half-made is made again.
odoo_provision() {
    _odoo_provision_with "$TEST_CACHE/odoo.lock" _odoo_provision_locked
}

_odoo_provision_with() { # LOCK COMMAND...
    if ! _is_root || ! _is_debian; then
        _fail "making an Odoo needs Debian and root; elsewhere give the browser specs an Odoo of yours (tests/run --help)"
        return 1
    fi
    mkdir -p "$TEST_CACHE" "$TEST_LOGS" || return 1
    need_packages postgresql debootstrap curl || return 1
    local lock lock_file=$1 status=0
    shift
    # Before the lock: whoever starts PostgreSQL inside it and is then killed would leave the lock with it.
    pg_start || return 1
    _lock "$lock_file" || return 1
    lock=$LOCK
    "$@" || status=1
    _unlock "$lock"
    return $status
}

# The root of an Odoo, made anew unless it is of the recipe of today.
_odoo_root() { # WHICH BUILD
    local log
    log="$TEST_LOGS/$(basename "$ODOO_ROOT")-root.log"
    if [ "$(cat "$ODOO_ROOT/.stamp" 2>/dev/null)" != "$_ODOO_ROOT_STAMP" ]; then
        _say "making a Debian root with $1 in $ODOO_ROOT (some minutes, once a machine)"
        # Twice: a mirror may hiccup once in 300 packages.
        "$2" >"$log" 2>&1 || "$2" >>"$log" 2>&1 || { _fail "the root of $1 could not be made: see $log"; return 1; }
    fi
}

_odoo_provision_locked() {
    _odoo_root 'Odoo 19' _odoo_root_build || return 1
    if ! _odoo_template_is_current o19_plain; then
        _odoo_template_build o19_plain '' "$_ODOO_PLAIN_MODULES" || return 1
    fi
    if ! _odoo_template_is_current o19; then
        _odoo_template_build o19 o19_plain "$_ODOO_FULL_MODULES" || return 1
    fi
}

# odoo_drop_db NAME: drops a database and its files, if it exists; whichever Odoo's it was.
odoo_drop_db() {
    pg_sql postgres "UPDATE pg_database SET datistemplate = false WHERE datname = '$1'" \
        "DROP DATABASE IF EXISTS \"$1\" WITH (FORCE)" || return 1
    rm -rf --one-file-system "$TEST_CACHE/odoo-19/var/lib/odoo/filestore/$1" "$ODOO14_ROOT/var/lib/odoo/filestore/$1"
}

# odoo_new_db NAME [TEMPLATE]: makes database NAME a fresh copy of TEMPLATE (o19), replacing an older one.
odoo_new_db() {
    local name=$1 template=${2:-o19} files="$ODOO_ROOT/var/lib/odoo/filestore"
    odoo_drop_db "$name" || return 1
    pg_sql postgres "CREATE DATABASE \"$name\" TEMPLATE \"$template\" STRATEGY file_copy" || return 1
    # Odoo never changes a stored file, so a hard link is as good as a copy.
    if [ -d "$files/$template" ]; then cp -al "$files/$template" "$files/$name" || return 1; fi
}

# odoo_install NAME MODULE[,MODULE] ADDONS_DIR: installs modules into a database.
odoo_install() {
    local log="$TEST_LOGS/odoo-$1-install.log"
    mkdir -p "$TEST_LOGS"
    if ! (odoo_cli "$3" -d "$1" -i "$2" --stop-after-init --no-http) </dev/null >"$log" 2>&1 || ! _odoo_log_is_clean "$log"; then
        _fail "Odoo could not install $2 in $1: see $log"
        _odoo_errors "$log"
        return 1
    fi
}

# odoo_start NAME PORT [ADDONS_DIR] [ARGUMENTS...]: starts Odoo on database NAME in the background and waits until
# it answers. Sets ODOO_URL; the log is $TEST_LOGS/odoo-NAME.log; the pid is ${ODOO_PIDS[NAME]}.
odoo_start() {
    local name=$1 port=$2 addons=${3:-} log="$TEST_LOGS/odoo-$1.log"
    shift $(($# < 3 ? $# : 3))
    mkdir -p "$TEST_LOGS"
    (odoo_cli "$addons" -d "$name" --db-filter="^$name\$" --http-interface=127.0.0.1 --http-port="$port" \
        --max-cron-threads=0 "$@") </dev/null >"$log" 2>&1 &
    ODOO_PIDS[$name]=$!
    if ! wait_http "http://127.0.0.1:$port/web/login" 120 "${ODOO_PIDS[$name]}"; then
        _fail "Odoo does not answer on port $port: see $log"
        tail -n 30 "$log" >&2
        odoo_stop "$name"
        return 1
    fi
    # shellcheck disable=SC2034
    ODOO_URL="http://127.0.0.1:$port"
}

# odoo_stop [NAME]: stops the Odoo of that database, or all that this shell started.
odoo_stop() {
    local name
    if [ $# -gt 0 ]; then
        [ -n "${ODOO_PIDS[$1]:-}" ] || return 0
        stop_process "${ODOO_PIDS[$1]}" 10
        unset "ODOO_PIDS[$1]"
        return 0
    fi
    for name in "${!ODOO_PIDS[@]}"; do odoo_stop "$name"; done
}

# odoo_service_user NAME LOGIN: makes an internal user who may use the POS, as the sidecar's user, and prints an API key.
odoo_service_user() {
    local log="$TEST_LOGS/odoo-$1-user.log" key
    mkdir -p "$TEST_LOGS"
    key=$( (odoo_cli '' shell -d "$1" --no-http --log-level=warn <<-PYTHON
		user = env['res.users'].create({
		    'name': 'Loyalty sidecar', 'login': '$2',
		    'company_ids': [(6, 0, env['res.company'].search([]).ids)],
		    '$_ODOO_USER_GROUPS': [(6, 0, [env.ref('base.group_user').id, env.ref('point_of_sale.group_pos_user').id])],
		})
		key = env['res.users.apikeys'].with_user(user).sudo()._generate($_ODOO_KEY_ARGUMENTS)
		env.cr.commit()
		print('api-key', key)
	PYTHON
    ) 2>"$log" | sed -n 's/^.*api-key //p')
    [ -n "$key" ] || { _fail "Odoo made no API key for $2 in $1: see $log"; return 1; }
    printf '%s\n' "$key"
}

# odoo_test NAME MODULE ADDONS_DIR: installs or updates MODULE in NAME and runs its own tests.
# Prints `N passed, N failed, N skipped`; fails when one failed or none ran.
odoo_test() {
    local name=$1 module=$2 addons=$3 log="$TEST_LOGS/odoo-$1-tests.log" status=0 port how=-i
    local failed errors total skipped
    mkdir -p "$TEST_LOGS"
    port=$(free_port) || return 1
    if [ "$(pg_sql "$name" "SELECT state FROM ir_module_module WHERE name = '$module'")" = installed ]; then how=-u; fi
    (odoo_cli "$addons" -d "$name" "$how" "$module" --test-enable --test-tags "/$module" --stop-after-init \
        --http-interface=127.0.0.1 --http-port="$port") </dev/null >"$log" 2>&1 || status=1
    # Odoo's last word: `… odoo.tests.result: 0 failed, 0 error(s) of 12 tests when loading database 'x'`
    read -r failed errors total < <(sed -nE \
        "s/.* odoo\.tests\.result: ([0-9]+) failed, ([0-9]+) error\(s\) of ([0-9]+) tests.*/\1 \2 \3/p" "$log" | tail -n 1) || true
    if [ -z "${total:-}" ]; then
        _fail "Odoo ran no test of $module in $name: see $log"
        _odoo_errors "$log"
        printf '0 passed, 1 failed, 0 skipped\n'
        return 1
    fi
    failed=$((failed + errors))
    skipped=$(grep -cE ' odoo\.(addons|tests)\.[^ ]+: skipped ' "$log") || true
    printf '%d passed, %d failed, %d skipped\n' "$((total - failed - skipped))" "$failed" "$skipped"
    if [ "$failed" -gt 0 ] || [ "$status" -ne 0 ] || [ "$total" -eq 0 ]; then
        _odoo_errors "$log"
        return 1
    fi
}
