//! The rows of [`super::pos_loyalty_tests`], in the order of Odoo's file.
//!
//! Of Odoo's tests they carry the names and the figures; the programs are ours.

use super::pos_loyalty_tests::Row;
use super::pos_loyalty_tests::Verdict::{Differs, NotOurs, Same};

pub(super) const ROWS: &[Row] = &[
    Row {
        test: "test_pos_loyalty_tour_basic",
        odoo: "3 free organizers of 9: −15.30; 50% of 6 organizers: −15.30; 50% after 90% of the cheapest: −16.66; 10% after the cheapest: −5.15",
        verdict: Differs,
        reason: "a percentage is of the goods before any reward, so that the sequence does not matter; a reward names its product, not the cheapest; codes are not ours",
        ours: "
            free_product points=3 product_id=50 quantity=3
                available=3: organizer 9 45.90 => 3 for 15.30 covers 3 # 3 × 5.10
            discount_percent points=1 percent=50 product_ids=11,51,50
                available=1: organizer 6 30.60 => 1 for 15.30 # half
                available=1: board 10 19.80, organizer 3 15.30, pen 1 0.00 => 1 for 17.55 = 1: 9.90 + 2: 7.65 # half of 35.10; Odoo: of 35.10 less 1.78
            discount_percent points=1 percent=10 + discount_amount points=1 amount=4.59
                available=1 held=r2/4.59: organizer 11 56.10 => 1 for 5.61 # a tenth of 56.10; Odoo: of 51.51
        ",
    },
    Row {
        test: "test_loyalty_validity_dates_and_use",
        odoo: "over: no reward; within its dates: a reward once, then none",
        verdict: Differs,
        reason: "a limit counts each member's uses, not the program's",
        ours: "
            ends_at=2026-11-16T00:00:00Z | discount_amount points=1 amount=2.88
                available=1: pen 5 16.00 => outside_dates # over two days ago
            ends_at=2026-11-20T00:00:00Z | discount_amount points=1 amount=2.88 count=1
                available=1: pen 5 16.00 => 1 for 2.88 # within
                available=1 used=r1@2026-11-18T11:00:00Z: pen 5 16.00 => limit_reached # once
        ",
    },
    Row {
        test: "test_loyalty_free_product_rewards",
        odoo: "3 organizers: −5.10; 6: −10.20; 9: −15.30; a free pen for 3 boards: −3.20; a free desk pad −1.98 or monitor stand −3.19",
        verdict: Same,
        reason: "points of an order can be spent once it is paid, so they are had before here; a choice among products is a reward for each",
        ours: "
            free_product points=2 product_id=50
                available=2: organizer 3 15.30 => 2 for 5.10 covers 1 # one
                available=6 held=r1/5.10/1: organizer 6 30.60 => 2 for 5.10 covers 1 # another: 10.20
                available=6 held=r1/10.20/2: organizer 9 45.90 => 2 for 5.10 covers 1 # a third: 15.30
            free_product points=3 product_id=11
                available=3: board 3 5.94, pen 1 3.20 => 3 for 3.20 = 2: 3.20 covers 1 # the pen
            free_product points=2 product_id=52
                available=2: book 2 4.81, desk_pad 1 1.98 => 2 for 1.98 = 2: 1.98 covers 1 # the desk pad
            free_product points=2 product_id=53
                available=2: book 2 4.81, monitor_stand 1 3.19 => 2 for 3.19 = 2: 3.19 covers 1 # or the monitor stand
            per_unit points=1 product_ids=50
                organizer 2 10.20 => 2 # what its rule gives
        ",
    },
    Row {
        test: "test_loyalty_free_product_loyalty_program",
        odoo: "2 pens: 2 points; at 4 points a pen is free: −3.20; 3 pens: 3 points; 4 pens: 4 points; 4 points, 2 pens, one of them free: 1 point left",
        verdict: Same,
        reason: "points of an order can be spent once it is paid, so they are had before here; a unit that is given is none that was bought: 4 − 4 + 1 = 1",
        ours: "
            per_unit points=1 product_ids=11
                pen 2 6.40 => 2 # 2 × 1
                pen 3 9.60 => 3 # 3 × 1
                pen 4 12.80 => 4 # 4 × 1
                pen 2 6.40, freepen 1 -3.20 => 1 # one of them was bought
            free_product points=4 product_id=11
                available=4: pen 2 6.40 => 4 for 3.20 covers 1 # one of two
                available=2: pen 3 9.60 => 2 of 4 # Odoo: the order's own points count
                available=100: organizer 1 5.10 => 4 for 0.00 adds 1 at 0.00 # Odoo: +3.20 − 3.20
        ",
    },
    Row {
        test: "test_loyalty_free_product_zero_sale_price_loyalty_program",
        odoo: "2 organizers: 10.20 points, 5 of them for a pen: 5.20 left; 10.20 to pay",
        verdict: Same,
        reason: "points of an order can be spent once it is paid, so they are had before here; 10.20 − 5 = 5.20 likewise",
        ours: "
            decimals=2 | per_amount every=1 points=1 step=prorata
                organizer 2 10.20 => 10.2 # 10.20 × 1
            free_product points=5 product_id=11
                available=10.20: organizer 2 10.20 => 5 for 0.00 adds 1 at 0.00 # nothing more to pay
                available=0: organizer 2 10.20 => 0 of 5 # not with the same order's points
        ",
    },
    Row {
        test: "test_loyalty_free_product_rewards_2",
        odoo: "3 organizers: one free, −5.10; 10.20 to pay",
        verdict: Same,
        reason: "points of an order can be spent once it is paid, so they are had before here",
        ours: "
            per_order points=1 min_quantity=3 product_ids=50
                organizer 3 15.30 => 1 # three of three
                organizer 2 10.20 => 0 # two
            free_product points=1 product_id=50
                available=1: organizer 3 15.30 => 1 for 5.10 covers 1 # 15.30 − 5.10 = 10.20
        ",
    },
    Row {
        test: "test_pos_loyalty_tour_max_amount",
        odoo: "100% of B 25: −25.00; with A 15: −15.00 more; with 2 A: 40.00 at most, −21.82 and −18.18",
        verdict: Same,
        reason: "the share of each line is what Odoo spreads by tax",
        ours: "
            discount_percent points=1 percent=100 max_amount=40 product_ids=55,56
                available=1: book 1 34.50, product_b 1 25.00 => 1 for 25.00 = 2: 25.00 # all of B
                available=1: book 1 34.50, product_b 1 25.00, product_a 1 15.00 => 1 for 40.00 = 2: 25.00 + 3: 15.00 # 25 + 15
                available=1: book 1 34.50, product_b 1 25.00, product_a 2 30.00 => 1 for 40.00 = 2: 18.18 + 3: 21.82 # 40 × 25/55 and 40 × 30/55
        ",
    },
    Row {
        test: "test_gift_card_program",
        odoo: "a card of 50.00, 46.80 after a pen of 3.20",
        verdict: NotOurs,
        reason: "gift cards are money and stay Odoo's; their lines neither earn nor reduce",
        ours: "
            per_amount every=1 points=1
                giftcard 1 50.00 => 0 # its sale earns nothing
                pen 1 3.20, giftcard 1 -3.20 => 3 # floor(3.20): paid by it, a pen earns like any other
        ",
    },
    Row {
        test: "test_ewallet_program",
        odoo: "top-ups of 50.00 and 10.00, spent to 0.00 and 20.00",
        verdict: NotOurs,
        reason: "eWallets are money and stay Odoo's; their lines neither earn nor reduce",
        ours: "
            per_amount every=1 points=1
                ewallet 1 50.00 => 0 # a top-up
                pen 2 12.00, ewallet 1 -12.00 => 12 # paid by it
        ",
    },
    Row {
        test: "test_multiple_gift_wallet_programs",
        odoo: "gift cards of 10 and 20; eWallets of 18, 40, 50 and 0",
        verdict: NotOurs,
        reason: "gift cards are money and stay Odoo's; their lines neither earn nor reduce",
        ours: "",
    },
    Row {
        test: "test_coupon_change_pricelist",
        odoo: "100% off: 0.00 to pay, with either pricelist",
        verdict: Same,
        reason: "without the coupon code; after a change of prices the till asks again",
        ours: "
            discount_percent points=1 percent=100
                available=1: product_a 1 28.75, product_b 1 25.00 => 1 for 53.75 = 1: 28.75 + 2: 25.00 # all
                available=1: product_a 1 0.00, product_b 1 12.50 => 1 for 12.50 = 2: 12.50 # at other prices, all of those
        ",
    },
    Row {
        test: "test_promotion_program_with_global_discount",
        odoo: "115.00: 115 points; after a global discount of 20%: 92 points",
        verdict: Same,
        reason: "a discount line reduces what is paid",
        ours: "
            per_amount every=1 points=1
                product_a 1 115.00 net=100.00 => 115 # with tax
                product_a 1 115.00 net=100.00, voucher 1 -23.00 net=-20.00 => 92 # 115 − 23
        ",
    },
    Row {
        test: "test_loyalty_program_using_same_product",
        odoo: "30 points: product A of 11.50 for free, −11.50",
        verdict: Same,
        reason: "told as it is",
        ours: "
            free_product points=30 product_id=55
                available=30: product_a 1 11.50 => 30 for 11.50 covers 1 # it is there
            per_order points=10 min_order_amount=5 min_quantity=1
                product_a 1 11.50 => 10 # bought, it would earn
        ",
    },
    Row {
        test: "test_loyalty_program_different_orders",
        odoo: "a draft left open: 0 points",
        verdict: Same,
        reason: "only paid orders are posted: `drafts_cancelled_orders_and_strangers_earn_nothing_until_they_do` in tests/it/earning.rs",
        ours: "",
    },
    Row {
        test: "test_refund_with_gift_card",
        odoo: "a gift card for a refund of 1.98: 0.00 to pay",
        verdict: NotOurs,
        reason: "gift cards are money and stay Odoo's; their lines neither earn nor reduce",
        ours: "",
    },
    Row {
        test: "test_loyalty_program_specific_product",
        odoo: "80.00: −10 (70.00), −10 (60.00), −30 (30.00), all for A and B",
        verdict: Same,
        reason: "points of an order can be spent once it is paid, so they are had before here",
        ours: "
            per_order points=10 min_quantity=2 product_ids=55,56
                product_a 1 40.00, product_b 1 40.00 => 10 # two of two
            discount_amount points=2 amount=10 product_ids=55,56 + discount_amount points=5 amount=30 product_ids=55,56
                available=10: product_a 1 40.00, product_b 1 40.00 => 2 for 10.00 = 1: 5.00 + 2: 5.00 # 70.00
                available=8 held=r1/10: product_a 1 40.00, product_b 1 40.00 => 2 for 10.00 = 1: 5.00 + 2: 5.00 # 60.00
            discount_amount points=5 amount=30 product_ids=55,56 + discount_amount points=2 amount=10 product_ids=55,56
                available=6 held=r2/20: product_a 1 40.00, product_b 1 40.00 => 5 for 30.00 = 1: 15.00 + 2: 15.00 # 30.00
        ",
    },
    Row {
        test: "test_discount_specific_product_with_free_product",
        odoo: "10% of C 100 beside A 40: 130.00 to pay; the free B, which is not there, changes nothing",
        verdict: Same,
        reason: "told as it is",
        ours: "
            discount_percent points=1 percent=10 product_ids=57
                available=1: product_a 1 40.00, product_c 1 100.00 => 1 for 10.00 = 2: 10.00 # 140 − 10
        ",
    },
    Row {
        test: "test_2_discounts_specific_global",
        odoo: "10% of 30.00: −3.00; then 10% of B 5.00: −0.45",
        verdict: Differs,
        reason: "a percentage is of the goods before any reward: 10% of B is 0.50 whichever comes first",
        ours: "
            discount_percent points=1 percent=10
                available=1: product_a 5 25.00, product_b 1 5.00 => 1 for 3.00 = 1: 2.50 + 2: 0.50 # a tenth of 30
            discount_percent points=1 percent=10 product_ids=56 + discount_amount points=1 amount=3
                available=1 held=r2/3: product_a 5 25.00, product_b 1 5.00 => 1 for 0.50 = 2: 0.50 # a tenth of 5; Odoo: of 4.50
        ",
    },
    Row {
        test: "test_specific_product_discount_with_global_discount",
        odoo: "A 80.00: −40.00, and a global discount of 50% of the rest: 20.00 to pay",
        verdict: Same,
        reason: "told as it is",
        ours: "
            discount_amount points=1 amount=40 product_ids=55
                available=1: product_a 1 80.00 => 1 for 40.00 # half of it
                available=1: product_a 1 80.00, voucher 1 -20.00 => 1 for 40.00 = 1: 40.00 # 80 − 20 − 40 = 20
        ",
    },
    Row {
        test: "test_point_per_money_spent",
        odoo: "265.00 at 0.1 a dollar: 26.5 points; 100 points for 100.00: 165.00 to pay",
        verdict: Same,
        reason: "told as it is",
        ours: "
            decimals=1 | per_amount every=10 points=1 step=prorata min_order_amount=1
                product_a 1 265.00 => 26.5 # 265 × 0.1
            discount_per_point rate=1
                available=100: product_a 1 265.00 => 100 for 100.00 # 265 − 100
        ",
    },
    Row {
        test: "test_coupon_program_without_rules",
        odoo: "10% of 100.00: 90.00 to pay",
        verdict: Same,
        reason: "without the coupon code",
        ours: "
            discount_percent points=1 percent=10
                available=1: product_a 1 100.00 => 1 for 10.00 # 100 − 10
        ",
    },
    Row {
        test: "test_discount_with_reward_product_domain",
        odoo: "50% of B 50 beside A 15: 40.00 to pay; 10.00 more off B: 30.00; a reward with a wrong domain is left out with a warning",
        verdict: Same,
        reason: "scopes list products, categories and tags instead of domains, and `program.put` refuses what it does not know",
        ours: "
            discount_percent points=1 percent=50 product_ids=56
                available=1: product_a 1 15.00, product_b 1 50.00 => 1 for 25.00 = 2: 25.00 # 65 − 25
            discount_amount points=1 amount=10 product_ids=56 + discount_percent points=1 percent=50 product_ids=56
                available=1 held=r2/25: product_a 1 15.00, product_b 1 50.00 => 1 for 10.00 = 2: 10.00 # 40 − 10
        ",
    },
    Row {
        test: "test_promotion_program_with_loyalty_program",
        odoo: "10% of 100.00: 90.00 to pay, the 10.00 for 500 points not taken",
        verdict: Same,
        reason: "told as it is",
        ours: "
            discount_percent points=1 percent=10
                available=500: product_a 1 100.00 => 1 for 10.00 # 100 − 10
            per_order points=500 min_order_amount=1 min_quantity=1
                product_a 1 100.00 => 500 # and what it earns
        ",
    },
    Row {
        test: "test_promo_with_free_product",
        odoo: "A 115.00 free, then 50% of B 100.00: 50.00 to pay",
        verdict: Differs,
        reason: "a percentage is of the goods before any reward, cut to what is left; one that is not for the gift says so in its scope",
        ours: "
            free_product points=1 product_id=55
                available=1: product_b 1 100.00, product_a 1 115.00 => 1 for 115.00 = 2: 115.00 covers 1 # A
            discount_percent points=1 percent=50 + free_product points=1 product_id=55
                available=1 held=r2/115/1: product_b 1 100.00, product_a 1 115.00 => 1 for 100.00 = 1: 100.00 # 107.50, of which 100.00 are left: 0.00 to pay
            discount_percent points=1 percent=50 exclude_product_ids=55 + free_product points=1 product_id=55
                available=1 held=r2/115/1: product_b 1 100.00, product_a 1 115.00 => 1 for 50.00 = 1: 50.00 # half of B: 50.00 to pay, as in Odoo
        ",
    },
    Row {
        test: "test_discount_specific_products",
        odoo: "50% of a category: B 50 beside A 15, 40.00 to pay",
        verdict: Same,
        reason: "our toys are its category",
        ours: "
            discount_percent points=1 percent=50 pos_category_ids=3
                available=1: book 1 15.00, toy 1 50.00 => 1 for 25.00 = 2: 25.00 # 65 − 25
                available=1: book 1 15.00 => nothing_in_scope # nothing of it there
        ",
    },
    Row {
        test: "test_promo_with_different_taxes",
        odoo: "B 100 and A 110 with tax: 210.00; 5.00 off: 205.00",
        verdict: Same,
        reason: "points of an order can be spent once it is paid, so they are had before here",
        ours: "
            discount_amount points=5 amount=5
                available=5: product_b 1 100.00, product_a 1 110.00 net=100.00 => 5 for 5.00 = 1: 2.38 + 2: 2.62 # 5 × 100/210 and 5 × 110/210
            per_amount every=1 points=1
                product_b 1 100.00, product_a 1 110.00 net=100.00 => 210 # what it earns
        ",
    },
    Row {
        test: "test_ewallet_expiration_date",
        odoo: "an eWallet that expired is not offered",
        verdict: NotOurs,
        reason: "eWallets are money and stay Odoo's; their lines neither earn nor reduce",
        ours: "",
    },
    Row {
        test: "test_loyalty_program_with_tagged_free_product",
        odoo: "a product of 1.00 and a free one, chosen by tag: 1.00 to pay",
        verdict: Same,
        reason: "points of an order can be spent once it is paid, so they are had before here; a choice among products is a reward for each",
        ours: "
            per_unit points=1
                book 1 1.00 => 1 # one unit
            free_product points=1 product_id=56
                available=1: book 1 1.00 => 1 for 0.00 adds 1 at 0.00 # Odoo: +1.00 − 1.00
        ",
    },
    Row {
        test: "test_loyalty_program_with_next_order_coupon_free_product",
        odoo: "3 units for 150.00: a coupon of 3 points; on the next order 3 free products, −3.00, and 0 points left",
        verdict: Same,
        reason: "points are for the next order as they are; no code",
        ours: "
            per_unit points=1 min_order_amount=100
                book 3 150.00 => 3 # 3 × 1
                book 1 50.00 => 0 # 50 of 100
            free_product points=3 product_id=56 quantity=3
                available=3: book 1 50.00 => 3 for 0.00 adds 3 at 0.00 # Odoo: +3.00 − 3.00
        ",
    },
    Row {
        test: "test_loyalty_program_with_tagged_buy_x_get_y",
        odoo: "3 A of 1.00: −1.00; 3 B of 5.00: −5.00; 6 B: −10.00; 22.00 to pay",
        verdict: Same,
        reason: "points of an order can be spent once it is paid, so they are had before here; a choice among products is a reward for each",
        ours: "
            free_product points=2 product_id=55
                available=9: product_a 3 3.00 => 2 for 1.00 covers 1 # one A
            free_product points=2 product_id=56
                available=9: product_a 3 3.00, product_b 3 15.00 => 2 for 5.00 = 2: 5.00 covers 1 # one B
                available=9 held=r1/5/1: product_a 3 3.00, product_b 6 30.00 => 2 for 5.00 = 2: 5.00 covers 1 # another: 33 − 1 − 10 = 22
            per_unit points=1 product_tag_ids=4
                product_a 3 3.00 tag=4, product_b 6 30.00 tag=4 => 9 # each of that tag
        ",
    },
    Row {
        test: "test_promotion_with_min_amount_and_specific_product_rule",
        odoo: "10% of A when A reaches 40: none at A 20 + B 30, −4.00 at A 40",
        verdict: Differs,
        reason: "`min_order_amount` is of the whole order: 50.00 reaches 40",
        ours: "
            per_order points=1 min_order_amount=40 product_ids=55
                product_a 1 20.00 => 0 # 20 of 40
                product_a 1 20.00, product_b 1 30.00 => 1 # 50 of 40; Odoo: 20 of 40
                product_a 2 40.00, product_b 1 30.00 => 1 # 70 of 40
            per_order points=1 min_quantity=2 product_ids=55
                product_a 1 20.00, product_b 1 30.00 => 0 # by quantity it is told as in Odoo
                product_a 2 40.00, product_b 1 30.00 => 1 # two of two
            discount_percent points=1 percent=10 product_ids=55
                available=1: product_a 2 40.00, product_b 1 30.00 => 1 for 4.00 = 1: 4.00 # 70 − 4 = 66
        ",
    },
    Row {
        test: "test_gift_card_price_no_tax",
        odoo: "1.98 less a gift card of 1.00: 0.98 to pay",
        verdict: NotOurs,
        reason: "gift cards are money and stay Odoo's; their lines neither earn nor reduce",
        ours: "",
    },
    Row {
        test: "test_physical_gift_card_sale",
        odoo: "cards of 125, 100 and 250: 475",
        verdict: NotOurs,
        reason: "gift cards are money and stay Odoo's; their lines neither earn nor reduce",
        ours: "",
    },
    Row {
        test: "test_gift_card_code_links_to_correct_program",
        odoo: "three cards, each of its program",
        verdict: NotOurs,
        reason: "gift cards are money and stay Odoo's; their lines neither earn nor reduce",
        ours: "",
    },
    Row {
        test: "test_dont_grant_points_reward_order_lines",
        odoo: "2 units: 2 points; the cheapest, a pen of 3.20, free for 2: 5.10 to pay, 0 points left",
        verdict: Same,
        reason: "points of an order can be spent once it is paid, so they are had before here; the reward names the pen; its line is no unit",
        ours: "
            per_unit points=1 min_quantity=2
                organizer 1 5.10, pen 1 3.20, reward 1 -3.20 => 2 # two units, not three
            free_product points=2 product_id=11
                available=2: organizer 1 5.10, pen 1 3.20 => 2 for 3.20 = 2: 3.20 covers 1 # 8.30 − 3.20 = 5.10
        ",
    },
    Row {
        test: "test_points_awarded_global_discount_code_no_domain_program",
        odoo: "100 less 10%: 90 points",
        verdict: Same,
        reason: "told as it is",
        ours: "
            per_amount every=1 points=1
                product_a 1 100.00, voucher 1 -10.00 => 90 # 100 − 10
        ",
    },
    Row {
        test: "test_points_awarded_discount_code_no_domain_program",
        odoo: "100 + 50 less 10%: 135 points",
        verdict: Same,
        reason: "told as it is",
        ours: "
            per_amount every=1 points=1
                product_a 1 100.00, product_b 1 50.00, voucher 1 -15.00 => 135 # 150 − 15
        ",
    },
    Row {
        test: "test_points_awarded_general_discount_code_specific_domain_program",
        odoo: "points for food alone: 100 of food, 50 of others, less 10% of all: 100 points",
        verdict: Differs,
        reason: "a discount of the whole order is the food's too, by its share: points are for what was paid (our toys are its food)",
        ours: "
            per_amount every=1 points=1 pos_category_ids=3
                toy 1 100.00, book 1 50.00, voucher 1 -15.00 => 90 # 100 − 15 × 100/150
        ",
    },
    Row {
        test: "test_points_awarded_specific_discount_code_specific_domain_program",
        odoo: "points for food alone, 10% off food alone: 90 points",
        verdict: Same,
        reason: "our toys are its food",
        ours: "
            per_amount every=1 points=1 pos_category_ids=3
                toy 1 100.00, book 1 50.00, toyreward 1 -10.00 => 90 # 100 − 10
        ",
    },
    Row {
        test: "test_points_awarded_ewallet",
        odoo: "100 paid by eWallet in part: 100 points",
        verdict: Same,
        reason: "told as it is",
        ours: "
            per_amount every=1 points=1
                product_a 1 100.00, ewallet 1 -10.00 => 100 # 100, whoever pays
        ",
    },
    Row {
        test: "test_points_awarded_giftcard",
        odoo: "100 paid by gift card in part: 100 points",
        verdict: Same,
        reason: "told as it is",
        ours: "
            per_amount every=1 points=1
                giftcard 1 50.00 => 0 # the card itself
                product_a 1 100.00, giftcard 1 -50.00 => 100 # 100, whoever pays
        ",
    },
    Row {
        test: "test_archived_reward_products",
        odoo: "a product that is archived is no reward; one that is not is",
        verdict: Same,
        reason: "told as it is",
        ours: "
            free_product points=1 product_id=56
                available=100 archived=56: product_a 1 100.00 => product_unavailable # archived
                available=100: product_a 1 100.00 => 1 for 0.00 adds 1 at 0.00 # not any more
        ",
    },
    Row {
        test: "test_change_reward_value_with_language",
        odoo: "2.00 off an organizer of 5.10: 3.10 to pay, named in the cashier’s language",
        verdict: Same,
        reason: "the figure; a reward has the one name that its program gives it",
        ours: "
            discount_amount points=1 amount=2
                available=5: organizer 1 5.10 => 1 for 2.00 # 5.10 − 2.00
        ",
    },
    Row {
        test: "test_loyalty_reward_product_tag",
        odoo: "2 organizers: A of 2.00 free; 4: B of 5.00 too; 6: another B, −10.00 together",
        verdict: Same,
        reason: "points of an order can be spent once it is paid, so they are had before here; a choice among products is a reward for each; a gift is added at 0.00 where Odoo adds and takes off",
        ours: "
            free_product points=2 product_id=55
                available=2: organizer 2 10.20, product_a 1 2.00 => 2 for 2.00 = 2: 2.00 covers 1 # A
            free_product points=2 product_id=56
                available=2: organizer 4 20.40, product_b 1 5.00 => 2 for 5.00 = 2: 5.00 covers 1 # B
                available=2 held=r1/5/1: organizer 6 30.60, product_b 2 10.00 => 2 for 5.00 = 2: 5.00 covers 1 # another: 10.00
        ",
    },
    Row {
        test: "test_gift_card_rewards_using_taxes",
        odoo: "100.00 less a gift card of 50.00, its tax −6.52",
        verdict: NotOurs,
        reason: "gift cards are money and stay Odoo's; their lines neither earn nor reduce",
        ours: "",
    },
    Row {
        test: "test_customer_loyalty_points_displayed",
        odoo: "100.00: 100 points, shown beside the customer",
        verdict: Same,
        reason: "told as it is",
        ours: "
            per_amount every=1 points=1
                product_a 1 100.00 => 100 # 100 × 1
        ",
    },
    Row {
        test: "test_cheapest_product_reward_pos_combo",
        odoo: "10% of the cheapest: 1,204.25 and 61.03 to pay",
        verdict: NotOurs,
        reason: "a reward names its product or goods, not the cheapest on the order",
        ours: "",
    },
    Row {
        test: "test_specific_product_reward_pos_combo",
        odoo: "10% of a combo of 240.00: 216.00 to pay",
        verdict: Same,
        reason: "a combo's parts are lines of their own: the scope lists them",
        ours: "
            discount_percent points=1 percent=10 product_ids=55,56
                available=1: product_a 1 150.00, product_b 1 90.00 => 1 for 24.00 = 1: 15.00 + 2: 9.00 # 240 − 24
        ",
    },
    Row {
        test: "test_apply_reward_on_product_scan",
        odoo: "50% of 1,150.00: 575.00 to pay, scanned or not",
        verdict: Same,
        reason: "told as it is",
        ours: "
            discount_percent points=1 percent=50
                available=1: product_a 1 1150.00 => 1 for 575.00 # half
        ",
    },
    Row {
        test: "test_coupon_pricelist",
        odoo: "10% of 28.75: 25.87 to pay",
        verdict: Same,
        reason: "without the code",
        ours: "
            discount_percent points=1 percent=10
                available=1: product_a 1 28.75 => 1 for 2.88 # 2.875, half up: 25.87
        ",
    },
    Row {
        test: "test_gift_card_program_create_with_invoice",
        odoo: "one card",
        verdict: NotOurs,
        reason: "gift cards are money and stay Odoo's; their lines neither earn nor reduce",
        ours: "",
    },
    Row {
        test: "test_refund_product_part_of_rules",
        odoo: "the refund of a product of a rule can be paid out",
        verdict: Same,
        reason: "and takes its points back",
        ours: "
            per_order points=1 product_ids=55
                product_a 1 1150.00 => 1 # sold
                product_a 1 1150.00 less 1:1 => 0 # refunded
        ",
    },
    Row {
        test: "test_cheapest_product_tax_included",
        odoo: "10% of the cheapest: 6.01 to pay",
        verdict: NotOurs,
        reason: "a reward names its product or goods, not the cheapest on the order",
        ours: "",
    },
    Row {
        test: "test_next_order_coupon_program_expiration_date",
        odoo: "15.30 of at least 10: a coupon that ends with its program",
        verdict: Differs,
        reason: "points end so many days after they were earned, not with the program (`expiry`)",
        ours: "
            per_order points=1 min_order_amount=10
                organizer 3 15.30 => 1 # 15.30 of 10
        ",
    },
    Row {
        test: "test_ewallet_loyalty_history",
        odoo: "issued 50.00, used 12.00",
        verdict: NotOurs,
        reason: "eWallets are money and stay Odoo's; their lines neither earn nor reduce",
        ours: "",
    },
    Row {
        test: "test_loyalty_on_order_with_fixed_tax",
        odoo: "10% of 15.00, its fixed tax of 50.00 aside: −1.50",
        verdict: Differs,
        reason: "amounts are what the customer pays, with every tax",
        ours: "
            discount_percent points=1 percent=10
                available=1: product_a 1 65.00 net=15.00 => 1 for 6.50 # a tenth of 65.00
        ",
    },
    Row {
        test: "test_gift_card_no_date",
        odoo: "a card without an end",
        verdict: NotOurs,
        reason: "gift cards are money and stay Odoo's; their lines neither earn nor reduce",
        ours: "",
    },
    Row {
        test: "test_not_create_loyalty_card_expired_program",
        odoo: "a program that ended 5 days ago: no card",
        verdict: Same,
        reason: "told as it is",
        ours: "
            starts_at=2026-11-08T00:00:00Z ends_at=2026-11-13T00:00:00Z | per_amount every=1 points=1
                organizer 3 15.30 => 0 # over
                at=2026-11-12T23:59:59Z: organizer 3 15.30 => 15 # while it held
        ",
    },
    Row {
        test: "test_not_create_loyalty_card_max_usage_program",
        odoo: "15.30: a pen for 5 points; no points for a second customer, the program having been used once",
        verdict: Differs,
        reason: "a limit is a reward's and counts each member's uses; what is earned has none",
        ours: "
            per_amount every=1 points=1 min_quantity=1
                organizer 3 15.30 => 15 # the first customer, and the second
            free_product points=5 product_id=11 count=1
                available=15: organizer 3 15.30 => 5 for 0.00 adds 1 at 0.00 # Odoo: +3.20 − 3.20
                available=15 used=r1@2026-11-18T11:00:00Z: organizer 3 15.30 => limit_reached # the same customer again
        ",
    },
    Row {
        test: "test_physical_gift_card_invoiced",
        odoo: "one card, of that customer",
        verdict: NotOurs,
        reason: "gift cards are money and stay Odoo's; their lines neither earn nor reduce",
        ours: "",
    },
    Row {
        test: "test_empty_product_screen_when_no_regular_products",
        odoo: "the screen of goods is empty",
        verdict: NotOurs,
        reason: "it is about Odoo's screen",
        ours: "",
    },
    Row {
        test: "test_two_variant_same_discount",
        odoo: "no question which discount is meant",
        verdict: NotOurs,
        reason: "it is about Odoo's screen",
        ours: "",
    },
    Row {
        test: "test_buy_x_get_y_reward_qty",
        odoo: "10 pens bought, an 11th and 12th: −3.20, −6.40; then 3 added to 10: −9.60, 32.00 to pay",
        verdict: Differs,
        reason: "what is in the order is given there, as far as it goes: for 10 + 3 the 3 are scanned first or not at all",
        ours: "
            free_product points=10 product_id=11 quantity=3
                available=10: pen 13 41.60 => 10 for 9.60 covers 3 # 32.00 to pay
                available=10: pen 10 32.00 => 10 for 9.60 covers 3 # 22.40 to pay; Odoo adds three
            per_unit points=1 min_quantity=10 product_ids=11
                pen 10 32.00 => 10 # ten of ten
                pen 9 28.80 => 0 # nine
        ",
    },
    Row {
        test: "test_settle_dont_give_points_again",
        odoo: "settling a debt gives no points a second time",
        verdict: Same,
        reason: "a sale earns once however often it is read: tests/it/earning.rs",
        ours: "",
    },
    Row {
        test: "test_refund_does_not_decrease_points",
        odoo: "100 points; 300.00 less 100 points; all of it refunded, reward too: 30 points left",
        verdict: Differs,
        reason: "a sale that came back whole leaves what was there before: 100 − 100 + 20, then − 20 + 100",
        ours: "
            decimals=1 | per_amount every=10 points=1 step=prorata min_order_amount=1
                product_a 1 300.00, reward 1 -100.00 => 20 # points for the 200.00 paid
                product_a 1 300.00, reward 1 -100.00 less 1:1 2:1 => 0 # all back
            discount_per_point rate=1
                available=100: product_a 1 300.00 => 100 for 100.00 # restored when its line comes back
        ",
    },
    Row {
        test: "test_loyalty_reward_with_variant",
        odoo: "3 of one variant at 10.00, one free by tag: −10.00",
        verdict: Same,
        reason: "points of an order can be spent once it is paid, so they are had before here; a choice among products is a reward for each",
        ours: "
            per_unit points=1 min_quantity=2 product_tag_ids=4
                product_a 3 30.00 tag=4 => 3 # three of that tag
            free_product points=2 product_id=55
                available=2: product_a 3 30.00 => 2 for 10.00 covers 1 # one
        ",
    },
    Row {
        test: "test_multiple_loyalty_products",
        odoo: "a pen of two programs: no question which, 10% off",
        verdict: Same,
        reason: "told as it is",
        ours: "
            discount_percent points=1 percent=10
                available=1: pen 1 3.20 => 1 for 0.32 # a tenth
        ",
    },
    Row {
        test: "test_max_usage_partner_with_point",
        odoo: "100% off for the first customer; the second, with 100 points, gets none: the program was used once",
        verdict: Differs,
        reason: "a limit counts each member's uses, not the program's",
        ours: "
            discount_percent points=1 percent=100 count=1
                available=15: organizer 3 15.30 => 1 for 15.30 # the first
                available=100: organizer 3 15.30 => 1 for 15.30 # the second too
                available=100 used=r1@2026-11-18T11:00:00Z: organizer 3 15.30 => limit_reached # a second time
        ",
    },
    Row {
        test: "test_physical_gift_card",
        odoo: "cards of 56.80, 53.60, 56.80, 47.20, 60.00 and 999.00 left",
        verdict: NotOurs,
        reason: "gift cards are money and stay Odoo's; their lines neither earn nor reduce",
        ours: "",
    },
    Row {
        test: "test_combo_product_dont_grant_point",
        odoo: "2 combos are 2 units, their parts none: the cheapest free, 50.00 to pay",
        verdict: Differs,
        reason: "a combo's parts are units like any other unless the scope lists the combo alone; and a reward names its goods, not the cheapest",
        ours: "
            per_unit points=1 min_order_amount=20
                product_c 2 0.00, product_a 2 60.00, product_b 2 40.00 => 6 # combos and parts
            per_unit points=1 min_order_amount=20 product_ids=57
                product_c 2 0.00, product_a 2 60.00, product_b 2 40.00 => 2 # the combos alone, as in Odoo
        ",
    },
    Row {
        test: "test_multiple_reward_line_free_product",
        odoo: "3 A of 10.00: −10.00; 3 B of 5.00: −5.00; another A: −20.00 together",
        verdict: Same,
        reason: "points of an order can be spent once it is paid, so they are had before here",
        ours: "
            free_product points=2 product_id=55
                available=9: product_a 3 30.00 => 2 for 10.00 covers 1 # one A
                available=9 held=r1/10/1: product_a 4 40.00, product_b 5 25.00 => 2 for 10.00 = 1: 10.00 covers 1 # another: 20.00
            free_product points=2 product_id=56
                available=9: product_a 3 30.00, product_b 3 15.00 => 2 for 5.00 = 2: 5.00 covers 1 # one B
        ",
    },
    Row {
        test: "test_discount_after_unknown_scan",
        odoo: "10% of 5.00: 4.50 to pay",
        verdict: Same,
        reason: "told as it is",
        ours: "
            discount_percent points=1 percent=10 product_ids=55
                available=1: product_a 1 5.00 => 1 for 0.50 # 5 − 0.50
        ",
    },
    Row {
        test: "test_scan_loyalty_card_select_customer",
        odoo: "a scanned card chooses its customer",
        verdict: NotOurs,
        reason: "there are no cards: a member is Odoo's customer, chosen as any",
        ours: "",
    },
    Row {
        test: "test_min_qty_points_awarded",
        odoo: "one pen of the 5 that earn: no points; pens for points: 100 becomes 90, 0.00 to pay",
        verdict: Same,
        reason: "Odoo takes two rewards in one press, here they are two",
        ours: "
            per_amount every=1 points=10 min_quantity=5
                pen 1 3.20 => 0 # one of five
            free_product points=5 product_id=11
                available=100: pen 1 3.20 => 5 for 3.20 covers 1 # 95
                available=95 held=r1/3.20/1: pen 1 3.20 => 5 for 0.00 adds 1 at 0.00 # 90
        ",
    },
    Row {
        test: "test_confirm_coupon_programs_one_by_one",
        odoo: "6 orders, 6 calls",
        verdict: NotOurs,
        reason: "it is about Odoo's synchronising",
        ours: "",
    },
    Row {
        test: "test_specific_reward_product_tax_included_excluded",
        odoo: "10.00 off a product of 100.00 with tax, and of 110.00 with tax: −10.00 both times",
        verdict: Same,
        reason: "told as it is",
        ours: "
            discount_amount points=1 amount=10 product_ids=55
                available=1: product_a 1 100.00 net=90.91 => 1 for 10.00 # tax in the price
                available=1: product_a 1 110.00 net=100.00 => 1 for 10.00 # tax on the price
        ",
    },
    Row {
        test: "test_order_reward_product_tax_included_excluded",
        odoo: "the same of the whole order: −10.00 both times",
        verdict: Same,
        reason: "told as it is",
        ours: "
            discount_amount points=1 amount=10
                available=1: product_a 1 100.00 net=90.91 => 1 for 10.00 # tax in the price
                available=1: product_a 1 110.00 net=100.00 => 1 for 10.00 # tax on the price
        ",
    },
    Row {
        test: "test_race_conditions_update_program",
        odoo: "ten times 10% of 100.00, each of the rest: 34.87 to pay",
        verdict: Differs,
        reason: "a percentage is of the goods before any reward: ten tenths are all of it",
        ours: "
            discount_percent points=1 percent=10 product_ids=55
                available=10: product_a 1 100.00 => 1 for 10.00 # the first
                available=1 held=r1/90: product_a 1 100.00 => 1 for 10.00 # the tenth: 0.00 to pay
                available=1 held=r1/100: product_a 1 100.00 => nothing_in_scope # and no eleventh
        ",
    },
];
