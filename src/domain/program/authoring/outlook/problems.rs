//! What a program names and the shop does not have: a currency that no till sells in, a scope that no product is in.

use std::collections::{BTreeMap, BTreeSet};

use super::KnownCatalog;
use super::words::{joined, named};
use crate::domain::catalog::records::PosConfig;
use crate::domain::catalog::scope::Scope;
use crate::domain::catalog::{Catalog, ProductPlace};
use crate::domain::program::Program;
use crate::domain::value::ids::{CompanyId, PosConfigId, ProductId, ProductTagId};

/// Tills or companies that a sentence names at most.
const NAMED: usize = 5;

/// Something that a program names and that cannot be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// `company_id` is no company that the service user sees.
    UnknownCompany {
        /// What the program says.
        id: CompanyId,
        /// The companies that are seen, with their names.
        seen: Vec<String>,
    },
    /// One of `pos_config_ids` is no till that the service user sees.
    UnknownTill {
        /// What the program says.
        id: PosConfigId,
        /// The tills that are seen, with their names.
        seen: Vec<String>,
    },
    /// No till that the program holds at sells in its currency.
    NoTillInCurrency {
        /// The program's.
        currency: String,
        /// What they sell in, with the tills.
        sold_in: BTreeMap<String, Vec<String>>,
    },
    /// The scope of a rule or a reward covers no product, or names something that is not there.
    Scope {
        /// Which rule or reward.
        part: String,
        /// Whether some product is in it all the same.
        covers_some: bool,
        /// What it names in vain, with names.
        in_vain: Vec<String>,
    },
    /// A reward gives a product that is not there, or is archived.
    Product {
        /// Which reward.
        part: String,
        /// The product with its name.
        product: String,
        /// Whether it is only archived.
        archived: bool,
    },
}

impl Problem {
    /// What is wrong and what to do, in a sentence.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::UnknownCompany { id, seen } => format!(
                "company_id {id} is no company that the service user sees ({}): correct company_id, or allow that company \
                 for the user in Odoo (Settings, Users)",
                listed(seen)
            ),
            Self::UnknownTill { id, seen } => format!(
                "pos_config_ids names {id}, which is no till that the service user sees ({}): correct it, or allow the \
                 till's company for the user in Odoo (Settings, Users)",
                listed(seen)
            ),
            Self::NoTillInCurrency { currency, sold_in } => {
                let sold: Vec<String> =
                    sold_in.iter().map(|(other, tills)| format!("{other} at {}", listed(tills))).collect();
                format!(
                    "no till of the program sells in {currency}; they sell in {}. Orders in another currency earn nothing: \
                     correct \"currency\" and put the program again with --force",
                    joined(&sold)
                )
            }
            Self::Scope { part, covers_some: false, in_vain } => format!(
                "{part} is for goods that no product is: {}. Correct its scope, or put products there in Odoo",
                joined(in_vain)
            ),
            Self::Scope { part, covers_some: true, in_vain } => {
                format!("{part} names in vain: {}. Correct its scope if that is a mistake", joined(in_vain))
            }
            Self::Product { part, product, archived: false } => {
                format!("{part} gives product {product}, which is not in Odoo: correct product_id")
            }
            Self::Product { part, product, archived: true } => {
                format!("{part} gives product {product}, which is archived in Odoo: no till can sell it")
            }
        }
    }
}

fn listed(names: &[String]) -> String {
    match names.len() {
        0 => "it sees none".to_owned(),
        many if many > NAMED => {
            format!("{} and {} others", names.get(..NAMED).unwrap_or_default().join(", "), many.saturating_sub(NAMED))
        }
        _ => joined(names),
    }
}

/// What of a program cannot be so in this shop. Of what was not read yet, nothing is said.
#[must_use]
pub fn problems(program: &Program, shop: &KnownCatalog) -> Vec<Problem> {
    let mut found = Vec::new();
    if let Some(id) = program.company_id.filter(|id| !shop.companies.is_empty() && !shop.companies.contains_key(id)) {
        found.push(Problem::UnknownCompany { id, seen: shop.companies.keys().map(|id| shop.company(*id)).collect() });
    }
    tills(program, shop, &mut found);
    goods(program, shop, &mut found);
    found
}

fn tills(program: &Program, shop: &KnownCatalog, found: &mut Vec<Problem>) {
    if shop.tills.is_empty() {
        return;
    }
    let seen = || shop.tills.iter().map(|till| shop.till(till.id)).collect();
    let is_known = |id: &PosConfigId| shop.tills.iter().any(|till| till.id == *id);
    let of_rules = program.earning.rules.iter().flat_map(|rule| &rule.pos_config_ids);
    let unknown: BTreeSet<_> = program.pos_config_ids.iter().chain(of_rules).filter(|id| !is_known(id)).collect();
    found.extend(unknown.into_iter().map(|id| Problem::UnknownTill { id: *id, seen: seen() }));
    let is_of = |till: &PosConfig| {
        let above = || shop.branches.get(&till.company_id);
        let of_company = |own: CompanyId| till.company_id == own || above().is_some_and(|above| above.contains(&own));
        program.company_id.is_none_or(of_company)
            && (program.pos_config_ids.is_empty() || program.pos_config_ids.contains(&till.id))
    };
    let mut sold_in: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for till in shop.tills.iter().filter(|till| till.active && is_of(till)) {
        sold_in.entry(till.currency.clone()).or_default().push(shop.till(till.id));
    }
    // Of a till without a currency nothing can be told.
    if !sold_in.is_empty() && !sold_in.contains_key(&program.currency) && !sold_in.contains_key("") {
        found.push(Problem::NoTillInCurrency { currency: program.currency.clone(), sold_in });
    }
}

fn goods(program: &Program, shop: &KnownCatalog, found: &mut Vec<Problem>) {
    if shop.products.is_empty() {
        return;
    }
    let goods = KnownGoods::of(shop);
    for rule in &program.earning.rules {
        found.extend(goods.problem(&format!("rule “{}”", rule.code), &rule.scope));
    }
    for reward in &program.rewards {
        let part = format!("reward “{}”", reward.code);
        found.extend(goods.problem(&part, &reward.scope));
        let Some(id) = reward.product_id() else { continue };
        match shop.products.iter().find(|product| product.id == id) {
            None => found.push(Problem::Product { part, product: id.to_string(), archived: false }),
            Some(product) if !product.active => {
                let product = named(id, Some(&product.name));
                found.push(Problem::Product { part, product, archived: true });
            }
            Some(_) => {}
        }
    }
}

/// Every product with what a scope may name it by.
struct KnownGoods<'a> {
    shop: &'a KnownCatalog,
    catalog: Catalog,
}

impl<'a> KnownGoods<'a> {
    fn of(shop: &'a KnownCatalog) -> Self {
        let place = |product: &crate::domain::catalog::records::Product| ProductPlace {
            product_category_id: product.product_category_id,
            pos_category_ids: product.pos_category_ids.clone(),
            tag_ids: product.tag_ids.clone(),
            archived: !product.active,
        };
        let catalog = Catalog {
            products: shop.products.iter().map(|product| (product.id, place(product))).collect(),
            pos_parents: shop.pos_categories.iter().filter_map(|one| Some((one.id, one.parent_id?))).collect(),
            product_parents: shop.product_categories.iter().filter_map(|one| Some((one.id, one.parent_id?))).collect(),
            neutral: BTreeSet::new(),
        };
        Self { shop, catalog }
    }

    fn products(&self) -> impl Iterator<Item = ProductId> {
        self.shop.products.iter().filter(|product| product.active).map(|product| product.id)
    }

    /// What a scope names in vain, when that leaves it without goods or is nothing that Odoo has.
    fn problem(&self, part: &str, scope: &Scope) -> Option<Problem> {
        if scope.is_everything() {
            return None;
        }
        let InVain { missing, mut empty } = self.in_vain(scope);
        let covers_some = self.products().any(|one| self.covers(scope, one));
        if !covers_some && missing.is_empty() && empty.is_empty() {
            empty.push("all that it lists is excluded again".to_owned());
        }
        let in_vain: Vec<String> = if covers_some { missing } else { missing.into_iter().chain(empty).collect() };
        (!in_vain.is_empty()).then(|| Problem::Scope { part: part.to_owned(), covers_some, in_vain })
    }

    fn in_vain(&self, scope: &Scope) -> InVain {
        let mut found = InVain::default();
        for id in &scope.pos_category_ids {
            let name = self.shop.pos_categories.iter().find(|one| one.id == *id).map(|one| one.name.as_str());
            let is_used = name.is_some() && self.products().any(|one| self.catalog.pos_categories_of(one).contains(id));
            found.note("POS category", id.to_string(), name, is_used);
        }
        for id in &scope.product_category_ids {
            let name = self.shop.product_categories.iter().find(|one| one.id == *id).map(|one| one.name.as_str());
            let is_used =
                name.is_some() && self.products().any(|one| self.catalog.product_categories_of(one).contains(id));
            found.note("product category", id.to_string(), name, is_used);
        }
        for id in &scope.product_ids {
            match self.shop.products.iter().find(|one| one.id == *id) {
                Some(product) if !product.active => {
                    found.empty.push(format!("product {}, which is archived", named(id, Some(&product.name))));
                }
                product => found.note("product", id.to_string(), product.map(|one| one.name.as_str()), true),
            }
        }
        // What tags are called is not read.
        let unused = |id: &&ProductTagId| !self.products().any(|one| self.catalog.tags_of(one).contains(id));
        let unused = scope.product_tag_ids.iter().filter(unused);
        found.empty.extend(unused.map(|id| format!("product tag {id}, which no product has")));
        found
    }

    fn covers(&self, scope: &Scope, product: ProductId) -> bool {
        let pos = self.catalog.pos_categories_of(product);
        let categories = self.catalog.product_categories_of(product);
        let tags = self.catalog.tags_of(product);
        scope.covers_product(product, &pos, &categories, &tags)
    }
}

/// What a scope names without effect.
#[derive(Default)]
struct InVain {
    /// What Odoo does not have.
    missing: Vec<String>,
    /// What it has, without products.
    empty: Vec<String>,
}

impl InVain {
    fn note(&mut self, kind: &str, id: String, name: Option<&str>, is_used: bool) {
        match name {
            None => self.missing.push(format!("{kind} {id}, which is not in Odoo")),
            Some(name) if !is_used => {
                self.empty.push(format!("{kind} {}, which no product is in", named(id, Some(name))));
            }
            Some(_) => {}
        }
    }
}
