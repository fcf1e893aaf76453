#!/usr/bin/env bash
# What the browser's modules beside this file need. Source it after tests/odoo/lib.sh.

# need_browser: Node.js, Chromium and the npm packages of tests/odoo/specs, installed where they are missing.
need_browser() {
    local specs
    specs=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        need_packages nodejs npm || { _fail 'Node.js and npm are needed'; return 1; }
    fi
    if [ ! -x "${LOYALTY_TEST_CHROMIUM:-/usr/bin/chromium}" ]; then
        need_packages chromium || { _fail 'Chromium is needed; LOYALTY_TEST_CHROMIUM names one elsewhere'; return 1; }
    fi
    if [ "$specs/package-lock.json" -nt "$specs/node_modules/.package-lock.json" ]; then
        (cd "$specs" && npm ci --no-audit --no-fund --loglevel=error) </dev/null >&2 || { _fail 'npm ci failed'; return 1; }
    fi
}
