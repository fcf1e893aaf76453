import io
import re
from pathlib import Path

import polib
from odoo.tests.common import TransactionCase, tagged
from odoo.tools.misc import file_open, file_path
from odoo.tools.translate import trans_export

ADDON = Path(__file__).parent.parent
# Odoo's own terms, translated by base: every export repeats them.
IGNORED = {"Display Name", "ID"}
# French says these as English does.
SAME_IN_FRENCH = {
    "Code",
    "Contact",
    "Date",
    "Description",
    "Document",
    "Exceptions",
    "Loyalty Sidecar",
    "Note",
    "Points",
    "Total",
    "Version",
    "Versions",
    "http://127.0.0.1:8070",
    "lsk_…",
    "ms",
    "point",
    "points",
}
# A text in JavaScript where people read it, around _t(): a dialog's or a notification's, or an error's for the screen.
UNMARKED_JS = re.compile(
    r"""(?:\b(?:title|body|message|confirmLabel|cancelLabel)[:=]|notification\.add\()\s*["'`][A-Za-z]"""
)
# A literal in a template's expression, where Odoo's export looks for none.
UNMARKED_XML = re.compile(r"""t-(?:esc|out|att-title|att-aria-label|att-placeholder)="[^"]*'[A-Z][^']* [^']*'""")


@tagged("post_install", "-at_install")
class TestTranslations(TransactionCase):
    """The template names every string there is, and French says them all."""

    def entries_of(self, name):
        with file_open(f"loyalty_sidecar/i18n/{name}", "r") as file:
            return polib.pofile(file.read())

    def test_the_template_is_current(self):
        exported = io.BytesIO()
        trans_export(None, ["loyalty_sidecar"], exported, "po", self.env)
        exported = {entry.msgid for entry in polib.pofile(exported.getvalue().decode())}
        template = {entry.msgid for entry in self.entries_of("loyalty_sidecar.pot")}
        self.assertEqual(
            exported - template, set(), "missing in loyalty_sidecar.pot: export it anew"
        )
        self.assertEqual(
            template - exported - IGNORED, set(), "gone, but still in loyalty_sidecar.pot"
        )

    def test_french_is_complete(self):
        french = {entry.msgid: entry for entry in self.entries_of("fr.po")}
        for entry in self.entries_of("loyalty_sidecar.pot"):
            if entry.msgid in IGNORED:
                continue
            with self.subTest(entry.msgid):
                self.assertTrue(french[entry.msgid].msgstr)
                self.assertNotIn("fuzzy", french[entry.msgid].flags)

    def test_french_is_french(self):
        template = {entry.msgid for entry in self.entries_of("loyalty_sidecar.pot")}
        french = self.entries_of("fr.po")
        self.assertEqual({entry.msgid for entry in french} - template, set(), "in no text any more, but still in fr.po")
        same = {entry.msgid for entry in french if entry.msgid == entry.msgstr} - IGNORED
        self.assertEqual(same, SAME_IN_FRENCH)

    def test_every_text_on_a_screen_is_marked(self):
        for pattern, unmarked in (("*.js", UNMARKED_JS), ("*.xml", UNMARKED_XML)):
            paths = sorted((ADDON / "static" / "src").rglob(pattern))
            self.assertTrue(paths)
            for path in paths:
                with self.subTest(path.name):
                    self.assertEqual(unmarked.findall(path.read_text()), [])
        # Each finds what it is for.
        self.assertTrue(UNMARKED_JS.search('this.pos.notification.add("The reward was taken off")'))
        self.assertTrue(UNMARKED_JS.search('{ title: "A reward", body: _t("…") }'))
        self.assertTrue(UNMARKED_XML.search("""<i t-att-title="ok ? 'All is well' : ''"/>"""))

    def test_french_keeps_the_figures(self):
        for entry in self.entries_of("fr.po"):
            places = re.compile(r"%(?:\(\w+\))?s")
            self.assertEqual(
                sorted(places.findall(entry.msgid)),
                sorted(places.findall(entry.msgstr)),
                entry.msgid,
            )

    def test_every_picture_of_the_description_is_there(self):
        with file_open("loyalty_sidecar/static/description/index.html", "r") as file:
            text = file.read()
        for name in (
            "customer_form.png",
            "history.png",
            "members.png",
            "receipt.png",
            "redeem_dialog.png",
            "redemptions.png",
            "settings.png",
            "till_phone.png",
            "till_restaurant.png",
        ):
            self.assertIn(name, text)
            file_path(f"loyalty_sidecar/static/description/{name}")
        file_path("loyalty_sidecar/static/description/icon.png")
