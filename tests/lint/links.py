#!/usr/bin/env python3
"""Follows every link of the project's pages: to a file, to a heading of this page or of another.

A file of the source that a page names, such as `store/table/holds.rs`, is there.
"""

import pathlib
import re
import subprocess
import sys

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
NAMED = re.compile(r"`([\w./-]+\.(?:rs|py|js|mjs|sql|sh))`")
# It tells what was.
HISTORY = "CHANGELOG.md"
CODE = re.compile(r"^\s*```.*?^\s*```|`[^`\n]*`", re.DOTALL | re.MULTILINE)


def files():
    """The files that git knows, or would add."""
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
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
    everything = files()
    ends = {"/".join(path.parts[start:]) for path in everything for start in range(len(path.parts))}
    for page in (path for path in everything if path.suffix == ".md"):
        for name in NAMED.findall(page.read_text()) if page.name != HISTORY else []:
            # Odoo's own sources, and names with a part in capitals that stands for something.
            if name not in ends and not name.startswith("addons/") and name == name.lower():
                broken.append(f"{page}: `{name}`: there is no such file")
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
