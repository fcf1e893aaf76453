#!/usr/bin/env python3
"""Follows every link of the project's pages: to a file, to a heading of this page or of another."""

import pathlib
import re
import subprocess
import sys

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^\s*```.*?^\s*```|`[^`\n]*`", re.DOTALL | re.MULTILINE)


def pages():
    """The pages that git knows, or would add."""
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    return [pathlib.Path(name) for name in listed.splitlines() if pathlib.Path(name).exists()]


def anchors(page):
    """What can be linked to, as the usual renderers name headings."""
    names = set()
    text = re.sub(r"^\s*```.*?^\s*```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for heading in re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE):
        kept = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        names.add(kept)
    return names


def main():
    broken = []
    followed = 0
    for page in pages():
        for link in LINK.findall(CODE.sub("", page.read_text())):
            if re.match(r"[a-z]+:", link):
                continue
            followed += 1
            name, _, heading = link.partition("#")
            target = page.parent / name if name else page
            if not target.exists():
                broken.append(f"{page}: {link}: there is no {target}")
            elif heading and heading not in anchors(target):
                broken.append(f"{page}: {link}: {target} has no heading of this name")
    sys.stderr.write("".join(f"{line}\n" for line in broken))
    if not followed:
        sys.exit("no page has a link: is this the project's folder?")
    sys.exit(1 if broken else 0)


main()
