import ast
from pathlib import Path

from odoo.tests.common import TransactionCase, tagged

ADDON = Path(__file__).parent.parent
LINES_AT_MOST = 400
FUNCTION_LINES_AT_MOST = 50
# What one place alone may name, and that place.
ONE_PLACE = {
    "has_group": "models/service/access.py",
    "AccessError": "models/service/access.py",
    "check_access": "models/service/access.py",
    "ir.config_parameter": "models/service/settings.py",
    "SidecarClient": "models/service/settings.py",
    "postcommit": "models/service/after_commit.py",
    "deliver_in_background": "models/service/after_commit.py",
    "requests": "tools/",
}


@tagged("post_install", "-at_install")
class TestLayout(TransactionCase):
    """One concept, one place: the layout that CONTRIBUTING.md describes."""

    def files(self, *patterns):
        found = [path for pattern in patterns for path in sorted(ADDON.glob(pattern))]
        self.assertTrue(found)
        return [(path.relative_to(ADDON).as_posix(), path.read_text()) for path in found]

    def names_in(self, text):
        """Names, members, imports and strings of a Python file: what it names, comments aside."""
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Name):
                yield node.id
            elif isinstance(node, ast.Attribute):
                yield node.attr
            elif isinstance(node, ast.alias):
                yield node.name.partition(".")[0]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value

    def test_each_concept_has_its_place(self):
        named = set()
        for path, text in self.files("models/**/*.py", "tools/*.py"):
            for name in ONE_PLACE.keys() & set(self.names_in(text)):
                named.add(name)
                # Where it is defined, it is named.
                if name in ("SidecarClient", "deliver_in_background") and path.startswith("tools/"):
                    continue
                with self.subTest(name=name, path=path):
                    self.assertTrue(path.startswith(ONE_PLACE[name]), f"{name} belongs to {ONE_PLACE[name]}")
        self.assertEqual(named, set(ONE_PLACE), "the table names what is nowhere any more")

    def test_files_and_functions_are_short(self):
        for path, text in self.files("models/**/*.py", "tools/*.py", "static/src/**/*.js"):
            with self.subTest(path):
                self.assertLessEqual(len(text.splitlines()), LINES_AT_MOST)
        for path, text in self.files("models/**/*.py", "tools/*.py"):
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef):
                    with self.subTest(path=path, function=node.name):
                        self.assertLessEqual(node.end_lineno - node.lineno, FUNCTION_LINES_AT_MOST)
