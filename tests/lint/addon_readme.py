#!/usr/bin/env python3
"""Makes the addon's README.md of its fragments in readme/, as the Odoo Community Association lays them out.

    tests/lint/addon_readme.py           writes it
    tests/lint/addon_readme.py --check   says whether it is what the fragments make
"""

import ast
import pathlib
import sys

ADDON = pathlib.Path(__file__).resolve().parents[2] / "odoo_addon" / "loyalty_sidecar"
# The fragments in their order, and what stands above each.
FRAGMENTS = {
    "DESCRIPTION": None,
    "INSTALL": "Installation",
    "CONFIGURE": "Configuration",
    "USAGE": "Usage",
    "ROADMAP": "Known issues",
    "CONTRIBUTORS": "Contributors",
}
HEAD = """<!-- Made of the fragments in readme/ by tests/lint/addon_readme.py: change those. -->

# {name}

**Version {version}**
"""


def readme():
    manifest = ast.literal_eval((ADDON / "__manifest__.py").read_text())
    found = {path.stem for path in (ADDON / "readme").glob("*.md")}
    if found != set(FRAGMENTS):
        sys.exit(f"readme/ has {sorted(found)}, and {pathlib.Path(__file__).name} knows {sorted(FRAGMENTS)}")
    parts = [HEAD.format(name=manifest["name"], version=manifest["version"])]
    for name, title in FRAGMENTS.items():
        text = (ADDON / "readme" / f"{name}.md").read_text().strip()
        parts.append(f"{f'## {title}' + chr(10) * 2 if title else ''}{text}\n")
    return "\n".join(parts)


def main():
    target = ADDON / "README.md"
    if sys.argv[1:] != ["--check"]:
        target.write_text(readme())
    elif not target.exists() or target.read_text() != readme():
        sys.exit(f"{target.name} is not what readme/ makes: run tests/lint/addon_readme.py")


main()
