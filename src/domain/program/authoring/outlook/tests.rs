use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::*;
use crate::domain::sale::order::{Line, LineRole};
use crate::domain::value::ids::{LineId, OrderId, ProductId, ProductTagId, SaleModel, SourceId};
use crate::domain::value::money::Money;

fn program(more: &Value) -> Program {
    let mut document = json!({
        "code": "club", "name": "Club", "currency": "EUR", "company_id": 1,
        "earning": {"rules": [{"code": "base", "kind": "per_amount", "every": "10", "points": "1"}]},
    });
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Program::from_json(&document).unwrap()
}

/// A paid order of 25.00 of product 1 in POS category 3, of customer 5.
fn sold() -> SoldOrder {
    let line = Line {
        id: Some(LineId(1)),
        uuid: None,
        product_id: Some(ProductId(1)),
        quantity: Decimal::ONE,
        subtotal: Money::from_e4(250_000),
        subtotal_incl: Money::from_e4(250_000),
        refunds: None,
        hold: None,
        role: LineRole::Eligible,
        pos_categories: BTreeSet::from([PosCategoryId(3)]),
        product_categories: BTreeSet::new(),
        product_tags: BTreeSet::new(),
        covers: None,
        gives: Decimal::ZERO,
        combo_parent: None,
        combo: None,
    };
    let order = Order {
        source: SourceId::ODOO,
        model: SaleModel::PosOrder,
        id: Some(OrderId(1)),
        uuid: None,
        name: "Shop/0001".to_owned(),
        reference: None,
        state: OrderState::Paid,
        placed_at: DateTime::parse_from_rfc3339("2026-11-18T12:00:00Z").unwrap().with_timezone(&Utc),
        partner_id: Some(PartnerId(5)),
        partner_tags: BTreeSet::new(),
        parent_companies: BTreeSet::new(),
        links_refunds: false,
        company_id: CompanyId(1),
        currency: "EUR".to_owned(),
        pos_config_id: Some(PosConfigId(2)),
        hold_field_missing: false,
        lines: vec![line],
    };
    SoldOrder { order, member: Some(PartnerId(5)), takes_part: true, returned: TakenBack::new() }
}

fn changed(change: impl FnOnce(&mut SoldOrder)) -> SoldOrder {
    let mut one = sold();
    change(&mut one);
    one
}

fn why_not(program: &Program, one: SoldOrder) -> WhyNot {
    let outlook = Outlook::of(program, &[one]).unwrap();
    assert_eq!((outlook.orders, outlook.earning), (1, 0));
    outlook.why_not.into_keys().next().unwrap()
}

#[test]
fn each_order_without_points_has_its_reason() {
    let club = program(&json!({}));
    let later = program(&json!({"starts_at": "2026-12-01T00:00:00Z"}));
    let over = program(&json!({"ends_at": "2026-11-01T00:00:00Z"}));
    let elsewhere = program(&json!({"pos_config_ids": [9]}));
    let scoped = program(&json!({"earning": {"rules": [
        {"code": "toys", "kind": "per_unit", "points": "5", "scope": {"pos_category_ids": [4]}}]}}));
    let cases = [
        (&club, changed(|one| one.order.state = OrderState::Draft), WhyNot::NotPaid),
        (&club, changed(|one| one.order.company_id = CompanyId(2)), WhyNot::OtherCompany(CompanyId(2))),
        (&club, changed(|one| one.order.currency = "USD".into()), WhyNot::OtherCurrency("USD".into())),
        (&elsewhere, sold(), WhyNot::OtherTill(Some(PosConfigId(2)))),
        (&later, sold(), WhyNot::BeforeStart),
        (&over, sold(), WhyNot::AfterEnd),
        (&club, changed(|one| one.member = None), WhyNot::NoCustomer),
        (&club, changed(|one| one.takes_part = false), WhyNot::NotEnrolled),
        (&club, changed(|one| one.order.lines[0].refunds = Some(LineId(9))), WhyNot::Refund),
        (&scoped, sold(), WhyNot::NothingCovered),
        (&club, changed(|one| one.order.lines[0].subtotal_incl = Money::from_e4(90_000)), WhyNot::TooLittle),
    ];
    for (program, one, expected) in cases {
        assert_eq!(why_not(program, one), expected);
    }
}

#[test]
fn a_sentence_counts_what_earns_and_names_what_does_not() {
    let shop = KnownCatalog {
        companies: BTreeMap::from([(CompanyId(1), "Ours".into()), (CompanyId(2), "Theirs".into())]),
        ..KnownCatalog::default()
    };
    let all = [
        sold(),
        sold(),
        changed(|one| one.order.currency = "USD".into()),
        changed(|one| one.order.currency = "USD".into()),
        changed(|one| one.order.company_id = CompanyId(2)),
    ];
    let club = program(&json!({}));
    let outlook = Outlook::of(&club, &all).unwrap();
    assert_eq!(
        outlook.summary(&club, &shop),
        "2 of the last 5 orders (the newest of 2026-11-18 12:00 UTC) would earn 4 points; without points: 2 in USD, not \
         EUR, 1 of company 2 “Theirs”, not 1 “Ours”"
    );
    assert_eq!(outlook.advice(&club), None);
}

#[test]
fn where_nothing_earns_the_main_reason_says_what_to_do() {
    let club = program(&json!({}));
    let dollars = || changed(|one| one.order.currency = "USD".into());
    let drafts = || changed(|one| one.order.state = OrderState::Draft);
    let outlook =
        Outlook::of(&club, &[drafts(), drafts(), drafts(), dollars(), changed(|one| one.member = None), dollars()]);
    let outlook = outlook.unwrap();
    assert_eq!(outlook.main_reason(), Some(&WhyNot::OtherCurrency("USD".into())), "drafts say nothing of the program");
    assert!(outlook.advice(&club).unwrap().contains("\"currency\": \"USD\""));
    assert_eq!(Outlook::of(&club, &[]).unwrap().advice(&club), None);
}

fn shop() -> KnownCatalog {
    let till = |id: i64, name: &str, company: i64, currency: &str| PosConfig {
        id: PosConfigId(id),
        name: name.into(),
        company_id: CompanyId(company),
        currency: currency.into(),
        tip_product_id: None,
        neutral_product_ids: vec![],
        active: true,
    };
    let product = |id: i64, name: &str, category: i64, active: bool| Product {
        id: ProductId(id),
        name: name.into(),
        product_category_id: None,
        pos_category_ids: vec![PosCategoryId(category)],
        tag_ids: vec![ProductTagId(1)],
        active,
    };
    let category = |id: i64, name: &str, parent: Option<i64>| Category {
        id: PosCategoryId(id),
        name: name.into(),
        parent_id: parent.map(PosCategoryId),
    };
    KnownCatalog {
        companies: BTreeMap::from([(CompanyId(1), "Ours".into()), (CompanyId(2), "Branch".into())]),
        branches: BTreeMap::from([(CompanyId(2), BTreeSet::from([CompanyId(1)]))]),
        tills: vec![till(1, "Shop", 1, "USD"), till(2, "Bar", 2, "USD")],
        products: vec![product(1, "Train", 4, true), product(2, "Doll", 5, false)],
        pos_categories: vec![category(3, "Toys", None), category(4, "Wood", Some(3)), category(5, "Dolls", None)],
        product_categories: vec![],
    }
}

fn messages(more: &Value) -> Vec<String> {
    problems(&program(more), &shop()).iter().map(Problem::message).collect()
}

#[test]
fn a_currency_that_no_till_sells_in_is_named_with_the_tills() {
    let [told] = messages(&json!({})).try_into().unwrap();
    assert!(
        told.contains("no till of the program sells in EUR") && told.contains("USD at 1 “Shop” and 2 “Bar”"),
        "{told}"
    );
    assert_eq!(messages(&json!({"currency": "USD"})), Vec::<String>::new());
    let mut branch = shop();
    branch.tills[1].currency = "EUR".into();
    assert_eq!(problems(&program(&json!({})), &branch), [], "a branch of its company sells in it");
    branch.tills[1].active = false;
    assert_eq!(problems(&program(&json!({})), &branch).len(), 1, "an archived till sells nothing");
    assert_eq!(problems(&program(&json!({})), &KnownCatalog::default()), [], "nothing was read");
}

#[test]
fn what_a_program_names_and_the_shop_does_not_have_is_told_with_names() {
    let scope = |scope: Value| {
        json!({"currency": "USD", "earning": {"rules": [
            {"code": "r", "kind": "per_unit", "points": "1", "scope": scope}]}})
    };
    let gives = |product: i64| {
        json!({"currency": "USD", "rewards": [{"code": "mug", "name": "Mug", "kind": "free_product", "points": "9",
                                              "product_id": product}]})
    };
    let cases = [
        (
            json!({"currency": "USD", "company_id": 7}),
            "company_id 7 is no company that the service user sees (1 “Ours” and 2",
        ),
        (json!({"currency": "USD", "pos_config_ids": [1, 8]}), "pos_config_ids names 8, which is no till"),
        (
            scope(json!({"pos_category_ids": [5]})),
            "rule “r” is for goods that no product is: POS category 5 “Dolls”, which",
        ),
        (scope(json!({"pos_category_ids": [77]})), "POS category 77, which is not in Odoo"),
        (scope(json!({"product_ids": [2]})), "product 2 “Doll”, which is archived"),
        (scope(json!({"product_tag_ids": [6]})), "product tag 6, which no product has"),
        (scope(json!({"product_ids": [1, 66]})), "rule “r” names in vain: product 66, which is not in Odoo"),
        (scope(json!({"product_ids": [1], "exclude_product_ids": [1]})), "all that it lists is excluded again"),
        (gives(40), "reward “mug” gives product 40, which is not in Odoo"),
        (gives(2), "reward “mug” gives product 2 “Doll”, which is archived"),
    ];
    for (more, sign) in cases {
        let told = messages(&more);
        assert!(told.iter().any(|one| one.contains(sign)), "{more}: {told:?}");
    }
    for fine in [json!({"pos_category_ids": [3]}), json!({"product_tag_ids": [1]}), json!({"exclude_product_ids": [2]})]
    {
        assert_eq!(messages(&scope(fine.clone())), Vec::<String>::new(), "{fine}");
    }
}
