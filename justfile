# Daily recipes: `just` lists them. They only shorten commands that are written elsewhere; tests/run stays the one command
# that tests everything.

set positional-arguments

# List the recipes.
default:
    @just --list

# Everything, as CI runs it. Arguments go on: just test --quick
test *arguments:
    tests/run "$@"

# What takes seconds: formatting and the linters of what is not Rust.
lint *names:
    cargo fmt --check
    tests/lint/run "$@"

# Warnings of the Rust compiler are errors.
clippy:
    cargo clippy --all-targets --locked -- -D warnings

# Unit tests, of these names if some are given: just unit domain::program
unit *names:
    cargo test --locked --lib -- "$@"

# Integration tests on SQLite, of these names if some are given: just it redeeming::
it *names:
    LOYALTY_TEST_DATABASE=sqlite cargo test --locked --test it -- --skip real_odoo "$@"

# The same on a PostgreSQL that is started for it.
it-postgres *names:
    #!/usr/bin/env bash
    set -euo pipefail
    . tests/odoo/lib.sh
    trap pg_stop EXIT
    pg_start
    LOYALTY_TEST_DATABASE=postgres cargo test --locked --test it -- --skip real_odoo "$@"

# Browser specs on a real Odoo 19: just specs race.spec.mjs
specs *files:
    cargo test --locked --test it --no-run
    tests/odoo/specs/run "$@"

# The sample shop, with its own database.
demo *arguments:
    cargo run --release -- demo "$@"

# The benchmarks, on a machine that does nothing else: just bench --only instructions
bench *arguments:
    tests/bench/run "$@"

# The instructions of an acknowledgement against the kept count; --keep keeps the new one.
instructions *arguments:
    tests/bench/instructions "$@"

# Make what is made of something else: the addon's README, the pages of API, settings and metrics, and the example file.
generate:
    #!/usr/bin/env bash
    set -euo pipefail
    tests/lint/addon_readme.py
    cargo test --locked --test it --no-run
    made() { "${CARGO_TARGET_DIR:-target}/debug/loyalty-sidecar" "${@:2}" > "$1.new" && mv "$1.new" "$1"; }
    made config/README.md config --markdown
    made config/loyalty-sidecar.example.toml config --example
    made config/METRICS.md metrics --markdown
    made API.md api --markdown

# THIRD-PARTY-LICENSES.txt, after a dependency changed. Needs `cargo install --locked cargo-about --features cli`.
licences:
    cargo about generate --fail --output-file THIRD-PARTY-LICENSES.txt about.hbs

# The container image.
image:
    docker build -t loyalty-sidecar .
