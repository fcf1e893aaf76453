//! `adjust`: points by hand, from the command line.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::opening::Opening;
use super::{Failure, LocalLedger, Outcome, print};
use crate::app;
use crate::config::Settings;
use crate::domain::ledger::decide::Correction;
use crate::domain::ledger::entry::COMMAND_LINE;
use crate::domain::value::exact;
use crate::domain::value::ids::PartnerId;
use crate::domain::value::points::Points;
use crate::domain::value::text::control_in;
use crate::import;
use crate::ledger::{AdjustPoints, Idempotency, Ledger, Posted};

#[derive(Args, Debug)]
pub(super) struct AdjustArguments {
    /// The customer's id in Odoo
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(i64).range(1..))]
    partner: i64,
    /// The program's code
    #[arg(long, value_name = "CODE")]
    program: String,
    /// How many; below zero takes points
    #[arg(long, value_name = "POINTS", allow_hyphen_values = true, value_parser = points)]
    points: Points,
    /// Why: the customer's history says so
    #[arg(long, value_parser = plain::<500>)]
    reason: String,
    /// For whom you do it; kept as a claim beside “command line”
    #[arg(long, value_name = "NAME", value_parser = plain::<200>)]
    on_behalf_of: Option<String>,
    /// A text of your own that makes this correction be done once, however often the command is run
    #[arg(long, value_name = "TEXT", value_parser = plain::<200>)]
    key: Option<String>,
}

fn points(text: &str) -> Result<Points, String> {
    let value = exact::parse(text).ok_or_else(|| "write a number such as 50 or -12.5".to_owned())?;
    let points = Points::from_decimal(value).map_err(|problem| problem.to_string())?;
    if points.is_zero() { Err("an adjustment of no points changes nothing".to_owned()) } else { Ok(points) }
}

/// One plain line of at most `MOST` characters.
pub(super) fn plain<const MOST: usize>(text: &str) -> Result<String, String> {
    if text.trim().is_empty() || text.chars().count() > MOST {
        return Err(format!("write 1 to {MOST} characters"));
    }
    match control_in(text) {
        Some(found) => Err(format!("it contains control characters ({found}); write one plain line")),
        None => Ok(text.to_owned()),
    }
}

pub(super) async fn run(settings: &Settings, opening: Opening, asked: AdjustArguments, as_json: bool) -> Outcome {
    let own = LocalLedger::start(settings, opening)?;
    let outcome = post(settings, &own.ledger, &asked).await;
    own.stop().await;
    let posted = outcome?;
    print(as_json, &posted, || format!("customer {} has {} in {} now", asked.partner, posted.balance, asked.program));
    Ok(true)
}

async fn post(settings: &Settings, ledger: &Ledger, asked: &AdjustArguments) -> Result<Posted, Failure> {
    let partner_id = PartnerId(asked.partner);
    must_be_known(settings, ledger, partner_id).await?;
    let said = json!([asked.partner, asked.program, asked.points.to_string(), asked.reason, asked.on_behalf_of]);
    let key = asked.key.as_ref().map_or_else(|| uuid::Uuid::now_v7().to_string(), |key| format!("command line {key}"));
    let command = AdjustPoints {
        idempotency: Idempotency { key, params_sha256: hex::encode(Sha256::digest(said.to_string())) },
        partner_id,
        program: asked.program.clone(),
        correction: Correction {
            points: asked.points,
            reason: asked.reason.clone(),
            on_behalf_of: asked.on_behalf_of.clone(),
            cause: None,
            expiry: None,
        },
        actor: COMMAND_LINE.to_owned(),
    };
    Ok(ledger.reply(command).await?)
}

/// Odoo is asked only for a customer that is not known here yet.
async fn must_be_known(settings: &Settings, ledger: &Ledger, partner: PartnerId) -> Result<(), Failure> {
    let link = settings.odoo.clone().map(|odoo| app::link(odoo, settings.denied_pause)).transpose()?;
    let odoo = link.as_deref().map(|link| (link, settings.sync.page_size));
    let unknown = import::unknown_customers(ledger, odoo, BTreeSet::from([partner]), true).await?;
    if unknown.is_empty() {
        return Ok(());
    }
    let asked = if odoo.is_some() { ", nor in Odoo" } else { ", and there is no Odoo to ask (odoo.url is not set)" };
    Err(Failure::Other(format!("customer {partner} is not known here{asked}; the id is res.partner's")))
}
