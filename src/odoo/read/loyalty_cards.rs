//! Odoo's own loyalty (module `loyalty`, since Odoo 16): its programs, and the cards that hold their points.

use chrono::NaiveDate;
use serde_json::json;

use super::record::{Record, Unreadable};
use crate::domain::value::ids::PartnerId;
use crate::domain::value::points::Points;
use crate::odoo::error::OdooFault;
use crate::odoo::session::{Domain, FromOdoo, RecordPage, Session};

/// Odoo's loyalty programs.
pub const PROGRAM: &str = "loyalty.program";
/// Odoo's loyalty cards.
pub const CARD: &str = "loyalty.card";

/// The kind of program whose cards hold a customer's points; the others are gift cards, coupons and the like.
const KIND: &str = "loyalty";

/// A loyalty program of Odoo's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardProgram {
    /// Its id.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// The company it is for; `None` for all.
    pub company: Option<String>,
    /// Whether it is not archived.
    pub active: bool,
}

impl FromOdoo for CardProgram {
    const MODEL: &'static str = PROGRAM;
    const FIELDS: &'static [&'static str] = &["name", "company_id", "active"];

    fn from_odoo(record: &Record) -> Result<Self, Unreadable> {
        Ok(Self {
            id: record.id()?,
            name: record.text("name")?.unwrap_or_default(),
            company: record.link_name("company_id").map(str::to_owned),
            active: record.flag("active", true),
        })
    }
}

/// A customer's card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Its id.
    pub id: i64,
    /// What is printed on it.
    pub code: String,
    /// Whose it is; `None` for one that nobody was given.
    pub partner_id: Option<PartnerId>,
    /// The points on it; below zero when Odoo let two tills spend the same.
    pub points: Points,
    /// The last day on which they are good.
    pub expires_on: Option<NaiveDate>,
    /// Whether it is not archived.
    pub active: bool,
}

impl Card {
    const FIELDS: &'static [&'static str] = &["code", "partner_id", "points", "expiration_date", "active"];

    /// Reads one record.
    ///
    /// # Errors
    /// [`Unreadable`] when a field is not what it should be.
    pub fn from_odoo(record: &Record) -> Result<Self, Unreadable> {
        Ok(Self {
            id: record.id()?,
            code: record.text("code")?.unwrap_or_default(),
            partner_id: record.link("partner_id")?.map(PartnerId),
            points: record.points("points")?,
            expires_on: record.day("expiration_date")?,
            active: record.flag("active", true),
        })
    }
}

/// Whether this Odoo keeps loyalty in programs and cards.
///
/// # Errors
/// Any [`OdooFault`] but that the models are not there.
pub async fn has_cards(session: &Session) -> Result<bool, OdooFault> {
    let has = |model, field| async move {
        match session.has_field(model, field).await {
            Err(OdooFault::UnknownModel { .. }) => Ok(false),
            answer => answer,
        }
    };
    Ok(has(PROGRAM, "program_type").await? && has(CARD, "program_id").await?)
}

/// All loyalty programs, archived ones too.
///
/// # Errors
/// Any [`OdooFault`].
pub async fn programs(session: &Session, page_size: u32) -> Result<Vec<CardProgram>, OdooFault> {
    let domain = vec![json!(["program_type", "=", KIND])];
    let mut found = Vec::new();
    let mut after = 0;
    loop {
        let page = session.page::<CardProgram>(&domain, after, page_size).await?;
        found.extend(page.items);
        if page.is_last {
            return Ok(found);
        }
        after = page.last_id;
    }
}

/// The next cards of a program, archived ones too, as records: whoever counts them must also count those that
/// cannot be understood.
///
/// # Errors
/// Any [`OdooFault`].
pub async fn page(
    session: &Session,
    program: i64,
    after: i64,
    page_size: u32,
) -> Result<RecordPage<Record>, OdooFault> {
    let domain: Domain = vec![json!(["program_id", "=", program])];
    session.raw_page(CARD, &domain, Card::FIELDS, after, page_size).await
}
