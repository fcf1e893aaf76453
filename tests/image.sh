#!/usr/bin/env bash
# Builds the Dockerfile with Debian's buildah, without an image registry, and runs what came out as a container
# would: as the image's own user, with its own environment, its health check asked. Also checks compose.yaml.
#
# The base images that the Dockerfile names are committed from a debootstrap root, and this machine's Rust is
# mounted into the build. Needs Debian and root. Layers, crates and compiled dependencies stay in the tests' cache.
set -euo pipefail
exec </dev/null
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
# shellcheck source=tests/odoo/lib.sh
. tests/odoo/lib.sh

STORE=$TEST_CACHE/buildah
TAG=localhost/loyalty-sidecar:test
work=$(mktemp -d)
container='' server=''

finish() {
    local status=$?
    [ -z "$server" ] || stop_process "$server" 5
    if [ -n "$container" ]; then build umount "$container" >/dev/null; build rm "$container" >/dev/null; fi
    rm -rf "$work"
    return $status
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

die() {
    _fail "$@" || exit 1
}

build() {
    TMPDIR=$STORE/tmp buildah --storage-driver "$driver" --root "$STORE/$driver" --runroot "$work/run" "$@"
}

# ------------------------------------------------------------------------------------------- compose.yaml
need_packages buildah iproute2 python3-yaml binutils
SCRIPTS=$work /usr/bin/python3 - <<'PYTHON'
import os
import yaml
with open("compose.yaml") as file:
    document = yaml.safe_load(file)
services = document["services"]
for name, service in services.items():
    assert "image" in service or "build" in service, f"{name}: neither image nor build"
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:"), f"{name}: {port} is published beyond this machine"
    # What runs once, for others to begin after, is not asked for its health.
    once = any(
        other.get("depends_on", {}).get(name, {}).get("condition") == "service_completed_successfully"
        for other in services.values()
    )
    for other in service.get("depends_on", {}):
        assert other in services, f"{name} depends on {other}, which is no service"
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        assert source.startswith("./") or source in document["volumes"], f"{name}: volume {source} is not declared"
    assert once or name == "sidecar" or "healthcheck" in service, f"{name}: no healthcheck"
assert services["sidecar"]["depends_on"]["token"]["condition"] == "service_completed_successfully"
assert services["sidecar"]["depends_on"]["program"]["condition"] == "service_completed_successfully"
# What makes the first token and puts the first program, for the run below. Compose writes a dollar sign twice.
for name in ("token", "program"):
    [script] = services[name]["command"]
    with open(f"{os.environ['SCRIPTS']}/{name}.sh", "w") as file:
        file.write(script.replace("$$", "$"))
print("compose.yaml:", ", ".join(services))
PYTHON
if docker compose version >/dev/null 2>&1; then docker compose --profile postgres config --quiet; fi

# ------------------------------------------------------------------------------------------- base images
mkdir -p "$STORE/tmp"
_lock "$STORE/lock"
driver=overlay
if ! build info >/dev/null 2>&1; then driver=vfs; fi
# Layers of older sources add up: start over when they have become too many.
if [ "$(du -sm "$STORE" | cut -f1)" -gt 8000 ]; then
    rm -rf --one-file-system "$STORE/overlay" "$STORE/vfs" "$STORE/tmp"
    mkdir -p "$STORE/tmp"
fi
debian_root

base_image() { # NAME [OPTION OF buildah config]...
    local name=docker.io/library/$1 container mount
    shift
    if [ "$(build inspect --type image --format '{{index .Docker.Config.Labels "stamp"}}' "$name" 2>/dev/null)" = "$_DEBIAN_ROOT_STAMP" ]; then
        return 0
    fi
    printf 'making the base image %s\n' "$name"
    container=$(build from scratch)
    mount=$(build mount "$container")
    cp -a "$DEBIAN_ROOT/." "$mount/"
    build umount "$container" >/dev/null
    build config --label "stamp=$_DEBIAN_ROOT_STAMP" "$@" "$container"
    build commit --quiet --rm "$container" "$name"
}
base_image debian:trixie-slim --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
base_image rust:1-slim-trixie --env CARGO_HOME=/usr/local/cargo \
    --env PATH=/usr/local/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# ------------------------------------------------------------------------------------------- the build
volumes=(--volume "$(rustc --print sysroot):/usr/local/rust:ro")
# However this machine reaches crates: its certificates, its cargo configuration.
if [ -d /etc/ssl/certs ]; then volumes+=(--volume /etc/ssl/certs:/etc/ssl/certs:ro); fi
for file in config.toml config; do
    config=${CARGO_HOME:-$HOME/.cargo}/$file
    if [ -f "$config" ]; then volumes+=(--volume "$config:/usr/local/cargo/$file:ro"); fi
done
build bud --isolation chroot --pull-never --layers --format docker "${volumes[@]}" --tag "$TAG" .

# ------------------------------------------------------------------------------------------- the run
setting() { build inspect --type image --format "$1" "$TAG"; }
user=$(setting '{{.Docker.Config.User}}')
workdir=$(setting '{{.Docker.Config.WorkingDir}}')
mapfile -t environment < <(setting '{{range .Docker.Config.Env}}{{println .}}{{end}}' | sed '/^$/d')
mapfile -t entrypoint < <(setting '{{range .Docker.Config.Entrypoint}}{{println .}}{{end}}' | sed '/^$/d')
mapfile -t command < <(setting '{{range .Docker.Config.Cmd}}{{println .}}{{end}}' | sed '/^$/d')
mapfile -t health < <(setting '{{range .Docker.Config.Healthcheck.Test}}{{println .}}{{end}}' | sed '/^$/d')
[ "${health[0]}" = CMD-SHELL ] || die "the health check is '${health[*]}', not a shell command"
case $user in '' | root | 0 | 0:*) die "the image runs as '$user'" ;; esac

container=$(build from --pull-never "$TAG")
root=$(build mount "$container")
uid=$(chroot "$root" id -u "$user")

# A container's surroundings: the image's root, user, environment and folder, /proc and /dev, a network of its own in
# which nothing but loopback exists (so that the image's own 0.0.0.0:8070 is safe and free).
# shellcheck disable=SC2016
inside='
    root=$1 user=$2 workdir=$3; shift 3
    ip link set lo up && mount --bind /proc "$root/proc" && mount --rbind /dev "$root/dev" || exit 1
    exec chroot "$root" sh -c '\''cd "$0" && exec "$@"'\'' "$workdir" \
        setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs --bounding-set=-all env -i "$@"'
in_container() {
    exec unshare --net --mount --propagation private sh -c "$inside" sh "$root" "$user" "$workdir" "${environment[@]}" "$@"
}
is_healthy() { # as Docker asks: the health check's command inside the running container
    nsenter --target "$server" --net --mount -- chroot "$root" setpriv --reuid "$user" --regid "$user" --clear-groups \
        env -i "${environment[@]}" /bin/sh -c "${health[1]}"
}

version=$(in_container "${entrypoint[@]}" --version)
expected=$(sed -nE 's/^version = "(.*)"/\1/p' Cargo.toml | head -n 1)
printf 'version: %s\n' "$version"
[[ "$version" == *"$expected"* ]] || die "the image's program says '$version', Cargo.toml $expected"

# What makes the sample shop misbehave is for tests alone.
if grep -qaF '<title>502 Bad Gateway</title>' "$root/usr/local/bin/loyalty-sidecar"; then
    die 'the program was built with the feature fault-injection'
fi
# What it is made of, as scanners read it, and under which licences.
objcopy --dump-section ".dep-v0=$work/dependencies" "$root/usr/local/bin/loyalty-sidecar" "$work/copy"
/usr/bin/python3 - "$work/dependencies" <<'PYTHON'
import json
import sys
import zlib
with open(sys.argv[1], "rb") as file:
    listed = {each["name"]: each["version"] for each in json.loads(zlib.decompress(file.read()))["packages"]}
assert {"loyalty-sidecar", "diesel", "openssl-sys"} <= listed.keys(), sorted(listed)
print(f"dependencies: {len(listed)} crates are listed in the program")
PYTHON
for text in LICENSE COPYING THIRD-PARTY-LICENSES.txt; do
    [ -s "$root/usr/share/doc/loyalty-sidecar/$text" ] || die "the image has no $text"
done

# Without a token it does not serve, nor where it was not told who reaches its port.
refusal=$(in_container "${entrypoint[@]}" "${command[@]}" 2>&1) && die 'it serves on all addresses without being told that it may'
[[ "$refusal" == *http.behind_tls_proxy* ]] || die "it does not say why it does not serve: $refusal"
environment+=(LOYALTY__HTTP__BEHIND_TLS_PROXY=true)
refusal=$(in_container "${entrypoint[@]}" "${command[@]}" 2>&1) && die 'it serves without a token'
[[ "$refusal" == *'token create'* ]] || die "it does not say that it lacks a token: $refusal"
# compose.yaml's way to the first token; doing it again keeps the token.
for _ in 1 2; do (in_container /bin/sh -euc "$(cat "$work/token.sh")"); done
[[ "$(cat "$root/data/odoo.token")" == lsk_* ]] || die "compose.yaml's script leaves no token"
[ "$(stat -c '%a %u' "$root/data/odoo.token")" = "600 $uid" ] || die 'others than the program can read the token'
[ "$(in_container "${entrypoint[@]}" token list | grep -c ' valid$')" = 1 ] || die "compose.yaml's script made more than one token"
printf 'token: made once, for user %s alone\n' "$user"
# … and to the first program, in the currency of .env; doing it again, whatever the currency, leaves it as it is.
for currency in EUR USD; do (in_container LOYALTY_CURRENCY=$currency /bin/sh -euc "$(cat "$work/program.sh")"); done
programs=$(in_container "${entrypoint[@]}" program get club)
[[ "$programs" == *'"currency": "EUR"'* ]] || die "compose.yaml's script puts no program in the currency that is asked for: $programs"
# What the image needs for a backup is in it.
(in_container "${entrypoint[@]}" backup /data/backup.db) || die 'the image cannot back its ledger up'
[ -s "$root/data/backup.db" ] || die 'the backup is empty'
printf 'program put once, ledger backed up\n'

# Nobody answers at this Odoo: being alive must not depend on it.
in_container LOYALTY__LOG__FORMAT=json LOYALTY__ODOO__URL=http://127.0.0.1:9 LOYALTY__ODOO__DATABASE=none LOYALTY__ODOO__LOGIN=none LOYALTY__ODOO__API_KEY=none \
    "${entrypoint[@]}" "${command[@]}" >"$work/serve.log" 2>&1 &
server=$!
until=$((SECONDS + 60))
until is_healthy 2>/dev/null; do
    if [ $SECONDS -ge $until ] || ! kill -0 "$server" 2>/dev/null; then
        cat "$work/serve.log"
        die 'the container did not become healthy'
    fi
    sleep 0.2
done
printf 'healthy: %s\n' "${health[1]}"
[ "$(awk '/^Uid:/ { print $2 }' "/proc/$server/status")" = "$uid" ] || die "the program does not run as user $user"
[ "$(stat -c %u "$root/data/loyalty.db")" = "$uid" ] || die "the ledger is not $user's"
kill -STOP "$server"
if is_healthy 2>/dev/null; then die 'the health check says healthy of a program that stands still'; fi
kill -CONT "$server"
kill -TERM "$server"
status=0
wait "$server" || status=$?
server=''
cat "$work/serve.log"
# With log.format = json every line is one JSON object.
in_json=$(/usr/bin/python3 -c 'import json, sys; print(all(isinstance(json.loads(line), dict) for line in sys.stdin))' <"$work/serve.log")
[ "$in_json" = True ] || die 'a line that is no JSON was printed'
[ $status -eq 0 ] || die "after SIGTERM the program exited with $status"
printf 'stopped on SIGTERM with exit status 0; ran as %s (%s)\n' "$user" "$uid"
