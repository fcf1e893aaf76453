#!/usr/bin/env bash
# A real Odoo 14 beside lib.sh's Odoo 19, which sources this file. There is no addon of ours in it: it is read alone.
#
#   . tests/odoo/lib.sh
#   trap test_cleanup EXIT
#   odoo14_provision                        # minutes on a new machine, a second later on
#   pg_start
#   odoo14 odoo_new_db mydb o14             # any function of lib.sh, on Odoo 14
#   odoo14 odoo_start mydb "$(free_port)"   # ODOO_URL, log in as admin/admin
#
# Both Odoos keep their databases in the one PostgreSQL, so a name is used once.

ODOO14_ROOT="$TEST_CACHE/odoo-14"

# As in lib.sh: change a line here and they are made anew.
_ODOO14_ROOT_STAMP='bullseye + odoo-14, recipe 1'
_ODOO14_MODULES='point_of_sale'
_ODOO14_TEMPLATE_STAMP="$_ODOO14_MODULES; demo; en_US, fr_FR; recipe 1"

# odoo14 COMMAND...: runs a function of lib.sh on Odoo 14. What it names is local to this call, and seen by all it calls.
# shellcheck disable=SC2034
odoo14() {
    local ODOO_ROOT=$ODOO14_ROOT _ODOO_ROOT_STAMP=$_ODOO14_ROOT_STAMP _ODOO_TEMPLATE_STAMP=$_ODOO14_TEMPLATE_STAMP
    # Odoo 14 makes demo data unless told not to, and calls a user's groups by another name.
    local _ODOO_DEMO=() _ODOO_USER_GROUPS=groups_id _ODOO_KEY_ARGUMENTS="'rpc', 'loyalty-sidecar'"
    "$@"
}

# odoo14_is_gone: whether this machine's mirror no longer holds bullseye, the Debian that has Odoo 14, and no root was made
# before; prints so. An old release leaves the mirrors some day, which is no fault of what is tested.
odoo14_is_gone() {
    local mirror status
    [ "$(cat "$ODOO14_ROOT/.stamp" 2>/dev/null)" != "$_ODOO14_ROOT_STAMP" ] || return 1
    # Anything but a plain "it is not here" is for debootstrap to fail on, and to explain.
    mirror=$(_debian_mirror 2>/dev/null) || return 1
    status=$(curl --silent --location --output /dev/null --max-time 60 --retry 3 --write-out '%{http_code}' \
        "${mirror%/}/dists/bullseye/Release") || return 1
    [ "$status" = 404 ] || return 1
    printf "this machine's Debian mirror no longer holds bullseye, where Odoo 14 comes from\n"
}

# odoo14_provision: makes whatever is missing of Odoo 14's root and the template database
#   o14   point_of_sale, demo data, English and French
# Idempotent; one at a time; what an interrupted run left half-made is made again.
odoo14_provision() {
    odoo14 _odoo_provision_with "$TEST_CACHE/odoo-14.lock" _odoo14_provision_locked
}

_odoo14_provision_locked() {
    _odoo_root 'Odoo 14' _odoo14_root_build || return 1
    if ! _odoo_template_is_current o14; then
        _odoo_template_build o14 '' "$_ODOO14_MODULES" || return 1
    fi
}

# A plain bullseye: its own odoo-14 and its own Python fit together, nothing is pinned.
_odoo14_root_build() {
    local new="$ODOO_ROOT.new" mirror
    _remove_root "$new" && _remove_root "$ODOO_ROOT" || return 1
    mirror=$(_debian_mirror) && _debootstrap bullseye "$new" "$mirror" || return 1
    (_in_root "$new" '' env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive sh -ec '
        apt-get update
        apt-get install -y --no-install-recommends odoo-14
        apt-get clean
        id odoo
        odoo --version') </dev/null || return 1
    printf '%s\n' "$_ODOO_ROOT_STAMP" >"$new/.stamp" && mv "$new" "$ODOO_ROOT"
}
