from odoo.tests.common import tagged

from .common import LoyaltySidecarCommon


@tagged("post_install", "-at_install")
class TestNumbers(LoyaltySidecarCommon):
    """Numbers as the user's language writes them."""

    def words(self, lang="en_US"):
        self.env["res.lang"]._activate_lang(lang)
        return self.env["loyalty.sidecar"].with_context(lang=lang)

    def test_points(self):
        english, french = self.words(), self.words("fr_FR")
        for value, in_english, in_french in [
            ("120.00", "120", "120"),
            ("0.50", "0.5", "0,5"),
            ("-1234.5", "-1,234.5", "-1 234,5"),
            ("59.139999999999", "59.14", "59,14"),
            ("3.333333333333", "3.3333", "3,3333"),
            ("0", "0", "0"),
            ("many", "many", "many"),
        ]:
            self.assertEqual(english._format_points(value), in_english)
            shown = french._format_points(value)
            self.assertEqual(shown.replace("\u202f", " ").replace("\xa0", " "), in_french)

    def test_names_of_points(self):
        english, french = self.words(), self.words("fr_FR")
        for number, name, in_english, in_french in [
            ("1", "stars", "1 star", "1 star"),
            ("-1", "stars", "-1 star", "-1 star"),
            ("2", "stars", "2 stars", "2 stars"),
            ("0", "étoiles", "0 étoiles", "0 étoile"),
            ("1.5", "étoiles", "1.5 étoiles", "1,5 étoile"),
            ("1", "points fidélité", "1 point fidélité", "1 point fidélité"),
            ("1.00", "bonus", "1 bonus", "1 bonus"),
            ("1", "Punkte", "1 Punkte", "1 Punkte"),
            ("1", None, "1 point", "1 point"),
            ("7", "points", "7 points", "7 points"),
        ]:
            self.assertEqual(english._points_in_words(number, name), in_english)
            self.assertEqual(french._points_in_words(number, name), in_french)

    def test_money(self):
        english, french = self.words(), self.words("fr_FR")
        self.assertEqual(english._format_money("59.139999999999", "USD"), "$\xa059.14")
        self.assertEqual(french._format_money("1059.14", "USD").replace("\u202f", "\xa0"), "$\xa01\xa0059,14")
        # Odoo need not know the currency.
        self.assertEqual(english._format_money("5.00", "XXQ"), "5 XXQ")
