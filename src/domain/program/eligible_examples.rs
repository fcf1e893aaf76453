//! Worked examples of what counts: which lines a rule sees, when it pays, and what of an order is paid for goods.

use super::earning_examples::check;

#[test]
fn scopes_say_which_lines_earn() {
    check(
        "
        per_amount every=10 points=1 pos_category_ids=3
            book 1 30.00, toy 1 20.00 => 2           # a POS category: floor(20/10)
        per_amount every=10 points=1 pos_category_ids=1
            book 1 30.00, toy 1 20.00 => 2           # one above it
        per_amount every=10 points=1 pos_category_ids=2
            book 1 30.00, toy 1 20.00 => 0           # another
        per_amount every=10 points=1 product_category_ids=9
            book 1 30.00, toy 1 20.00 => 3           # a product category: floor(30/10)
        per_amount every=10 points=1 product_category_ids=7
            book 1 30.00, toy 1 20.00 => 5           # one above both: floor(50/10)
        per_amount every=10 points=1 product_ids=30
            toy 1 20.00, doll 1 70.00 => 2           # a product
        per_amount every=10 points=1 product_ids=30,31
            toy 1 20.00, doll 1 70.00, book 1 99.00 => 9 # two products: 20 + 70
        per_amount every=10 points=1 product_tag_ids=4
            toy 1 20.00 tag=4,5, doll 1 70.00 tag=5 => 2 # a tag
        per_amount every=10 points=1 product_tag_ids=4 product_ids=10
            toy 1 20.00 tag=4, doll 1 70.00, book 1 30.00 => 5 # a tag or a product: 20 + 30
        per_amount every=10 points=1 pos_category_ids=3 product_category_ids=9
            toy 1 20.00, book 1 30.00 => 5           # a POS category or a product category: 20 + 30
        per_amount every=10 points=1 exclude_pos_category_ids=3
            book 1 30.00, toy 1 20.00 => 3           # all but a POS category
        per_amount every=10 points=1 exclude_pos_category_ids=1
            book 1 30.00, toy 1 20.00 => 3           # all but what is under one
        per_amount every=10 points=1 exclude_product_category_ids=9
            book 1 30.00, toy 1 20.00 => 2           # all but a product category
        per_amount every=10 points=1 exclude_product_category_ids=7
            book 1 30.00, toy 1 20.00 => 0           # all but what is under one
        per_amount every=10 points=1 exclude_product_ids=10
            book 1 30.00, toy 1 20.00 => 2           # all but a product
        per_amount every=10 points=1 exclude_product_tag_ids=4
            book 1 30.00 tag=4, toy 1 20.00 => 2     # all but a tag
        per_amount every=10 points=1 pos_category_ids=3 exclude_product_ids=31
            toy 1 20.00, doll 1 70.00 => 2           # toys but not the doll
        per_amount every=10 points=1 product_ids=31 exclude_pos_category_ids=1
            doll 1 70.00 => 0                        # the doll, were it not a toy
        per_amount every=10 points=1 product_tag_ids=4 exclude_product_tag_ids=5
            toy 1 20.00 tag=4, doll 1 70.00 tag=4,5 => 2 # tagged, but of an excluded tag too
        per_amount every=10 points=1 exclude_product_ids=11 min_order_amount=20
            book 1 10.00, pen 1 15.00 => 1           # what is excluded still makes the order large: 10 + 15 of 20
        ",
    );
}

#[test]
fn conditions_say_when_a_rule_pays() {
    check(
        "
        per_unit points=5 partner_tag_ids=7
            tags=7: book 1 9.00 => 5                 # the customer has the tag
        per_unit points=5 partner_tag_ids=6,7
            tags=7: book 1 9.00 => 5                 # one of two tags
        per_unit points=5 partner_tag_ids=7
            tags=8: book 1 9.00 => 0                 # another tag
            book 1 9.00 => 0                         # no tag
        per_unit points=5
            tags=8: book 1 9.00 => 5                 # no tag is asked for
        per_unit points=5 pos_config_ids=2,3
            shop=3: book 1 9.00 => 5                 # the shop
        per_unit points=5 pos_config_ids=3
            shop=2: book 1 9.00 => 0                 # another shop
        pos_config_ids=3 | per_unit points=5
            shop=2: book 1 9.00 => 0                 # a program of another shop
        pos_config_ids=2,3 | per_unit points=5 pos_config_ids=3
            shop=2: book 1 9.00 => 0                 # a program of this shop, a rule of another
        company_id=1 | per_unit points=5
            company=2: book 1 9.00 => 0              # another company
        per_unit points=5
            currency=EUR: book 1 9.00 => 0           # another currency
        per_amount every=10 points=1 pos_category_ids=3 min_order_amount=20
            book 1 10.00, toy 1 10.00 => 1           # the whole order counts: 10 + 10 of 20
        per_amount every=10 points=1 min_order_amount=20
            book 1 25.00, voucher 1 -5.01 => 0       # less its discount: 25 − 5.01 of 20
            book 1 25.00, reward 1 -5.00 => 2        # less its reward: 25 − 5 of 20
            book 1 19.00, tip 1 5.00 => 0            # without the tip: 19 of 20
        per_unit points=5 pos_category_ids=3 min_quantity=2
            toy 1 9.00, doll 1 9.00, book 9 9.00 => 10 # the quantity in scope: 2 of 2
            toy 1 9.00, book 9 9.00 => 0             # 1 of 2
        per_order points=2 min_quantity=1.25
            book 0.5 9.00, pen 0.75 9.00 => 2        # 0.5 + 0.75 kg of 1.25
        per_unit points=5 min_quantity=3
            toy 3 9.00, doll -1 -1.00 => 0           # 3 − 1 of 3
        per_order points=2 min_quantity=2 min_order_amount=20
            toy 2 19.99 => 0                         # both minimums
        per_amount every=10 points=1 min_order_amount=20
            book -1 -19.00 => 0                      # a return of what was too little took nothing
        ",
    );
}

#[test]
fn the_amount_is_what_was_paid_for_goods() {
    check(
        "
        // With or without tax.
        decimals=2 | per_amount every=10 points=1 step=prorata
            book 1 22.80 net=19.00 => 2.28           # with tax: 22.80 / 10
        base=tax_excluded decimals=2 | per_amount every=10 points=1 step=prorata
            book 1 22.80 net=19.00 => 1.9            # without: 19.00 / 10
        base=tax_excluded | per_order points=2 min_order_amount=20
            book 1 22.80 net=19.00 => 0              # the minimum too: 19.00 of 20
        per_order points=2 min_order_amount=20
            book 1 22.80 net=19.00 => 2              # 22.80 of 20
        base=tax_excluded | per_amount every=10 points=1
            book 1 24.00 net=20.00, reward 1 -12.00 net=-10.00 => 1 # the reward without tax as well: 20 − 10
        base=tax_excluded | per_amount every=1 points=1
            book 1 10.50 net=10.00, pen 1 22.80 net=19.00 => 29 # each line by its own tax: 10 + 19
        // What never earns.
        per_amount every=10 points=1
            book 1 15.00, tip 1 5.00 => 1            # a tip: floor(15 / 10)
        per_amount every=10 points=1 + per_unit points=5
            giftcard 1 50.00 => 0                    # a gift card sold
        per_amount every=10 points=1
            book 1 25.00, giftcard 1 -20.00 => 2     # paid by gift card: floor(25 / 10)
            book 1 25.00, ewallet 1 -25.00 => 2      # paid by eWallet whole
        per_amount every=10 points=1 + per_order points=2
            ewallet 1 50.00, book 1 10.00 => 3       # an eWallet topped up beside a book
        per_amount every=10 points=1 + per_unit points=5
            prize 1 9.90, book 1 10.10 => 12         # a product that a reward gives at a price: floor(20 / 10) + 2 × 5
            prize 1 0.00, book 1 10.00 => 6          # for nothing: floor(10 / 10) + 1 × 5
        per_unit points=5
            book 1 10.00, note 1 0.00 => 5           # a note: 1 × 5
        // What reduces.
        per_amount every=10 points=1
            book 1 25.00, reward 1 -5.01 => 1        # 25 − 5.01
            book 1 25.00, voucher 1 -5.01 => 1       # 25 − 5.01
            book 1 30.00, voucher 1 -5.00, reward 1 -5.01 => 1 # 30 − 5 − 5.01
            book 1 25.00, voucher 1 -30.00 => 0      # 25 − 30 is nothing
        per_amount every=10 points=1 pos_category_ids=3
            book 1 40.00, toy 1 40.00, voucher 1 -20.00 => 3 # toys' half of 20: 40 − 10
        decimals=2 | per_amount every=10 points=1 step=prorata pos_category_ids=3
            book 1 20.00, toy 1 10.00, voucher 1 -10.00 => 0.66 # toys' third of 10: 10 − 3.3333 = 6.6667
        per_amount every=10 points=1
            book 1 30.00, pen -1 -12.00 => 1         # what is brought back in the same order: 30 − 12
        per_amount every=10 points=1 pos_category_ids=3
            book 1 30.00, toy 2 20.00, doll -1 -10.00 => 1 # a doll back is of the toys: 20 − 10
            book 1 30.00, toy 1 10.00, doll -1 -15.00 => 0 # toys below nothing: 10 − 15
        per_amount every=10 points=1
            book 1 30.00, toy 1 10.00, doll -1 -15.00 => 2 # but all: 30 + 10 − 15
            book 1 12.00, pen -1 -30.00 => -1        # more back than bought: −(30 − 12) 
        ",
    );
}

#[test]
fn a_reward_for_some_goods_reduces_those_alone() {
    check(
        "
        per_amount every=10 points=1 pos_category_ids=3
            book 1 40.00, toy 1 40.00, toyreward 1 -10.00 => 3 # toys: 40 − 10
        per_amount every=10 points=1 product_ids=10
            book 1 40.00, toy 1 40.00, toyreward 1 -10.00 => 4 # books: 40
        per_amount every=10 points=1
            book 1 40.00, toy 1 40.00, toyreward 1 -10.00 => 7 # all: 80 − 10
        decimals=2 | per_amount every=10 points=1 step=prorata product_ids=31
            toy 1 30.00, doll 1 10.00, toyreward 1 -10.00 => 0.75 # two toys share it: doll 10 − 10 × 10/40 = 7.50
        per_amount every=10 points=1 step=prorata + multiplier factor=2 pos_category_ids=3
            book 1 40.00, toy 1 40.00, toyreward 1 -10.00 => 10 # ×2 on what is left of the toys: 4 + 3 × 2
        per_amount every=10 points=1 step=prorata + multiplier factor=2 product_ids=10
            book 1 40.00, toy 1 40.00, toyreward 1 -10.00 => 11 # ×2 on books, whose points it leaves: 4 × 2 + 3
        per_amount every=10 points=1
            book 1 20.00, doll 1 12.00, dollreward 1 -12.00 => 2 # the doll given: 12 − 12, book 20
        decimals=1 | per_amount every=10 points=1 step=prorata pos_category_ids=3
            book 1 40.00, toy 1 40.00, reward 1 -15.00, toyreward 1 -20.00 => 1.5 # the toys first, 40 − 20 = 20, then 15 over 40 + 20: 20 − 5 = 15
        decimals=1 | per_amount every=10 points=1 step=prorata product_ids=10
            book 1 40.00, toy 1 40.00, toyreward 1 -20.00, reward 1 -15.00 => 3 # books of that order: 40 − 10 = 30
        ",
    );
}

#[test]
fn a_combo_costs_what_its_parts_do_and_is_one_unit() {
    check(
        "
        per_amount every=1 points=1
            menu 1 0.00, book 1 7.00 of=1, pen 1 3.00 of=1 => 10 # its parts: 7 + 3
        per_amount every=1 points=1 product_ids=32
            menu 1 0.00, book 1 7.00 of=1, pen 1 3.00 of=1, book 1 5.00 => 10 # the combo's parts, and no other book
        per_amount every=1 points=1 pos_category_ids=1
            menu 1 0.00, book 1 7.00 of=1, pen 1 3.00 of=1, book 1 5.00 => 10 # a category above the combo
        per_amount every=1 points=1 product_ids=32 + multiplier factor=2 pos_category_ids=3
            menu 1 0.00, book 1 7.00 of=1, pen 1 3.00 of=1 => 20 # doubled with its combo
        per_amount every=1 points=1 exclude_pos_category_ids=3
            menu 1 0.00, book 1 7.00 of=1, pen 1 3.00 of=1, book 1 5.00 => 5 # its parts are out with it
        per_amount every=1 points=1 product_ids=32 exclude_product_ids=11
            menu 1 0.00, book 1 7.00 of=1, pen 1 3.00 of=1 => 7 # one part is out by itself
        per_amount every=1 points=1 product_ids=10
            menu 1 0.00, book 1 7.00 of=1, pen 1 3.00 of=1, book 1 5.00 => 12 # the book in it and the other: 7 + 5
        per_amount every=1 points=1 product_ids=32
            book 1 7.00 of=9 => 0                    # its combo is not in the order
        per_order points=2 product_ids=32
            menu 1 0.00, book 1 7.00 of=1 => 2       # a combo was paid for
        per_unit points=1
            menu 2 0.00, book 4 14.00 of=1, pen 2 6.00 of=1 => 2 # two combos
            menu 2 0.00, book 4 14.00 of=1, pen 2 6.00 of=1, pen 1 3.00 => 3 # and a pen
            book 1 7.00 of=9 => 1                    # no part of anything
            menu -1 0.00, book -1 -7.00 of=1, pen -1 -3.00 of=1 => -1 # one brought back
        per_unit points=1 product_ids=32
            menu 2 0.00, book 4 14.00 of=1 => 2      # two combos
        per_unit points=1 product_ids=10
            menu 2 0.00, book 4 14.00 of=1 => 4      # the books in them
        per_unit points=1 product_ids=10,32
            menu 2 0.00, book 4 14.00 of=1 => 6      # both are listed: 2 + 4
        per_unit points=1 product_category_ids=7
            menu 2 0.00, book 4 14.00 of=1 => 2      # a category above both: combos are one unit
        per_unit points=1 product_category_ids=9
            menu 2 0.00, book 4 14.00 of=1 => 4      # the books' category, which is not the combo's
        per_unit points=1 exclude_product_ids=10
            menu 2 0.00, book 4 14.00 of=1 => 2      # a combo without its books is one
        per_unit points=1 exclude_product_ids=32
            menu 2 0.00, book 4 14.00 of=1 => 0      # nothing of it counts
        per_order points=1 min_quantity=2
            menu 1 0.00, book 1 7.00 of=1, pen 1 3.00 of=1 => 0 # one unit of two
            menu 2 0.00, book 2 14.00 of=1 => 1      # two
        ",
    );
}
