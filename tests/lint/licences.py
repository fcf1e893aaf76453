#!/usr/bin/env python3
"""Compares THIRD-PARTY-LICENSES.txt with the crates that are linked into the program, as Cargo.lock has them."""

import pathlib
import re
import subprocess
import sys

PAGE = pathlib.Path("THIRD-PARTY-LICENSES.txt")
TARGETS = ("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu")
OWN = "loyalty-sidecar"


def linked(target):
    """Name and version of each crate whose code is in the program."""
    asked = ["cargo", "tree", "--locked", "--prefix", "none", "--format", "{p}", "--edges", "normal,no-proc-macro"]
    listed = subprocess.run([*asked, "--target", target], check=True, capture_output=True, text=True).stdout
    found = re.findall(r"^(\S+) v(\S+)", listed, re.MULTILINE)
    return {(name, version) for name, version in found if name != OWN}


def main():
    written = set(re.findall(r"^  ([\w-]+) (\d\S*)$", PAGE.read_text(), re.MULTILINE))
    wanted = set().union(*(linked(target) for target in TARGETS))
    locked = set(re.findall(r'^name = "(.+)"\nversion = "(.+)"$', pathlib.Path("Cargo.lock").read_text(), re.MULTILINE))
    if not wanted:
        sys.exit("cargo tree names no crate")
    missing, gone = sorted(wanted - written), sorted(written - locked)
    said = [f"{PAGE}: {name} {version} is linked in and not listed" for name, version in missing]
    said += [f"{PAGE}: {name} {version} is listed and not in Cargo.lock" for name, version in gone]
    if said:
        sys.exit("\n".join([*said, "make the page again: just licences"]))
    sys.stdout.write(f"{len(wanted)} crates are listed with their licences\n")


main()
