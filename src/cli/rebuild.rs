//! `rebuild`: a ledger that was lost, from what Odoo has. Orders earn again; rewards are redeemed again from what the addon
//! kept on their orders; what cannot be had is listed.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use super::opening::Opening;
use super::{Failure, LocalLedger, Outcome, print, read_odoo};
use crate::app;
use crate::config::Settings;
use crate::domain::value::ids::{HoldId, OrderId, PartnerId, ProductId};
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;
use crate::domain::value::text::one_line;
use crate::ledger::{KeptGrant, KeptRedemption, PutBack};
use crate::odoo::read::kept_rewards::{self, KeptReward, RewardedOrder};
use crate::sync::PassReport;

/// What no order shows.
const GONE: &str = "Not in Odoo, and not rebuilt: corrections by hand, imported points (do both again, then run this once \
                    more with --yes: what was spent of them is redeemed then), enrolments of programs that ask for it \
                    (member.enrol with `since`), earlier versions of programs, merges of customers. A reward whose points have expired since may have been taken from points that are still \
                    good: compare what customers ask about.";

/// A redemption that was not rebuilt.
struct Lost {
    hold: String,
    order: String,
    why: String,
}

pub(super) async fn run(settings: &Settings, opening: Opening, yes: bool, as_json: bool) -> Outcome {
    let Some(odoo) = settings.odoo.clone() else {
        return Err(Failure::Usage("odoo.url is not set: there is no Odoo to rebuild from".to_owned()));
    };
    let own = LocalLedger::start(settings, opening)?;
    let outcome = async {
        may_begin(&own, yes).await?;
        let session = app::link(odoo, settings.denied_pause)?.session().await?;
        let orders = kept_rewards::read(&session, settings.sync.page_size).await?;
        let addon_missing = orders.is_none();
        let orders = orders.unwrap_or_default();
        let kept = orders.iter().flat_map(redemptions).collect::<Vec<_>>();
        let names: Vec<(String, String)> =
            orders.iter().flat_map(|order| order.holds.keys().map(|hold| (hold.clone(), order.name.clone()))).collect();
        let answers = own.ledger.rebuild().put_back(kept).await?;
        let report = read_odoo(settings, &own, true, false).await?;
        let there = names.iter().filter_map(|(hold, _)| HoldId::parse(hold)).collect();
        let captured = own.ledger.rebuild().captured_among(there).await?;
        Ok::<_, Failure>((report, outcome_of(names, answers, &captured), addon_missing))
    }
    .await;
    own.stop().await;
    let (report, (rebuilt, known, lost), addon_missing) = outcome?;
    let value = to_json(&report, rebuilt, known, &lost, addon_missing);
    print(as_json, &value, || words(&report, rebuilt, known, &lost, addon_missing));
    Ok(lost.is_empty())
}

/// A ledger with entries is one that somebody has, and not to be added to by mistake.
async fn may_begin(own: &LocalLedger, yes: bool) -> Result<(), Failure> {
    let (entries, holds) = own.ledger.rebuild().size().await?;
    if !yes && (entries > 0 || holds > 0) {
        return Err(Failure::Usage(format!(
            "this ledger has {entries} entries and {holds} holds: it is not lost. Check database.url. To put back what it \
             lacks of Odoo's redemptions all the same, after a backup, say --yes"
        )));
    }
    if own.ledger.programs().list().await?.programs.is_empty() {
        return Err(Failure::Other(
            "there are no programs, and Odoo has none of their documents: put them first, each with `loyalty-sidecar \
             program put FILE`"
                .to_owned(),
        ));
    }
    Ok(())
}

fn redemptions(order: &RewardedOrder) -> Vec<KeptRedemption> {
    order
        .holds
        .iter()
        .map(|(hold, kept)| KeptRedemption {
            hold: hold.clone(),
            order_id: OrderId(order.id),
            order_uuid: order.uuid.clone(),
            partner_id: order.partner_id.map(PartnerId),
            placed_at: order.placed_at.unwrap_or(DateTime::<Utc>::UNIX_EPOCH),
            grant: kept.as_ref().and_then(grant),
        })
        .collect()
}

/// `None` when a number in it is none.
fn grant(kept: &KeptReward) -> Option<KeptGrant> {
    let money = |value: Decimal| Money::from_decimal_rounded(value).ok();
    let points = kept.points?.round_dp_with_strategy(Points::DECIMALS, RoundingStrategy::MidpointAwayFromZero);
    Some(KeptGrant {
        program: kept.program.clone(),
        reward_name: kept.name.clone(),
        points: Points::from_decimal(points).ok()?,
        discount: money(kept.discount)?,
        lines: kept.covers.iter().filter_map(|(uuid, off)| Some((uuid.clone(), money(*off)?))).collect(),
        product_id: kept.product_id.map(ProductId),
        quantity: kept.quantity,
        price: kept.price.and_then(money),
    })
}

fn outcome_of(
    names: Vec<(String, String)>,
    answers: Vec<PutBack>,
    captured: &BTreeSet<HoldId>,
) -> (usize, usize, Vec<Lost>) {
    let (mut rebuilt, mut known, mut lost): (usize, usize, Vec<Lost>) = (0, 0, Vec::new());
    for ((hold, order), answer) in names.into_iter().zip(answers) {
        let is_captured = HoldId::parse(&hold).is_some_and(|id| captured.contains(&id));
        let why = match answer {
            PutBack::Known if is_captured => {
                known = known.saturating_add(1);
                continue;
            }
            PutBack::Ready if is_captured => {
                rebuilt = rebuilt.saturating_add(1);
                continue;
            }
            PutBack::Impossible(why) => why,
            PutBack::Known => {
                "the ledger has its hold and did not redeem it: see `loyalty-sidecar exceptions list`; one \
                               that was resolved is left to who resolved it"
                    .to_owned()
            }
            PutBack::Ready => "its points were not there, or its order was not read: see `loyalty-sidecar exceptions \
                               list`; once they are there (imports, corrections), run `rebuild --yes` again"
                .to_owned(),
        };
        lost.push(Lost { hold, order, why });
    }
    (rebuilt, known, lost)
}

fn to_json(report: &PassReport, rebuilt: usize, known: usize, lost: &[Lost], addon_missing: bool) -> Value {
    let lost: Vec<Value> =
        lost.iter().map(|one| json!({"hold_id": one.hold, "order": one.order, "reason": one.why})).collect();
    json!({
        "orders_read": report.orders_read,
        "entries_posted": report.entries_posted,
        "redemptions": {"rebuilt": rebuilt, "known": known, "not_rebuilt": lost},
        "addon_missing": addon_missing,
    })
}

fn words(report: &PassReport, rebuilt: usize, known: usize, lost: &[Lost], addon_missing: bool) -> String {
    let mut lines = vec![format!("{} orders read, {} entries posted", report.orders_read, report.entries_posted)];
    if addon_missing {
        lines.push(
            "This Odoo has no lines of rewards: the addon is not installed, so nothing was kept of them.".to_owned(),
        );
    }
    lines.push(format!("{rebuilt} redemptions rebuilt, {known} were there already, {} not rebuilt", lost.len()));
    lines.extend(
        lost.iter().map(|one| format!("  {} ({}): {}", one_line(&one.order), one_line(&one.hold), one_line(&one.why))),
    );
    lines.push(GONE.to_owned());
    lines.push(
        "Run `loyalty-sidecar verify`, then give the tills new tokens: `loyalty-sidecar token create`.".to_owned(),
    );
    lines.join("\n")
}
