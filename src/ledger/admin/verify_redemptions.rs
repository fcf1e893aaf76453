//! Verification of holds and debts: every promise has its entry, its sale and, where that is missing, its exception.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::verify::Report;
use crate::domain::ledger::entry::EntryKind;
use crate::domain::ledger::hold::{Hold, HoldState};
use crate::domain::ledger::redemption_review::{never_paid_key, without_line_key};
use crate::domain::value::ids::HoldId;
use crate::domain::value::points::Points;
use crate::ledger::error::LedgerError;
use crate::ledger::ingest::redemptions::look_up;
use crate::store::AnyConnection;
use crate::store::connection::clock;
use crate::store::table::accounts::StoredAccount;
use crate::store::table::{entries, exceptions, holds, open_holds, sync_passes};

/// As of when a page of accounts is looked at.
pub(in crate::ledger) struct AsOf {
    now: DateTime<Utc>,
    /// Up to when captured holds were looked at: each of them has its paid order or an exception.
    reviewed: Option<DateTime<Utc>>,
}

impl AsOf {
    pub fn read(conn: &mut AnyConnection) -> Result<Self, LedgerError> {
        Ok(Self { now: clock::database_now(conn)?, reviewed: sync_passes::captures_reviewed(conn)? })
    }
}

/// An account whose available points are below zero has an exception that says so.
pub(in crate::ledger) fn check_debt(
    conn: &mut AnyConnection,
    stored: &StoredAccount,
    as_of: &AsOf,
    whose: &str,
    report: &mut Report,
) -> Result<(), LedgerError> {
    let available = stored.account.available(as_of.now)?;
    if !available.is_negative() {
        return Ok(());
    }
    let is_listed = match &stored.debt_exception_id {
        Some(id) => exceptions::exists(conn, id, "debt")?,
        None => false,
    };
    if !is_listed {
        report.found(format!("{whose}: {available} points are available and no exception lists the debt"));
    }
    Ok(())
}

pub(in crate::ledger) fn check_holds(
    conn: &mut AnyConnection,
    stored: &StoredAccount,
    as_of: &AsOf,
    whose: &str,
    report: &mut Report,
) -> Result<(), LedgerError> {
    for misfit in open_holds::misfits_of(conn, stored.account.id)? {
        report.found(format!("{whose}: {misfit}"));
    }
    let all = holds::load(conn, holds::HoldSelection::AllOf(&[stored.account.id]))?;
    for hold in all.values() {
        check_entries(conn, hold, whose, report)?;
    }
    check_replaced(conn, &all, whose, report)?;
    check_sales(conn, &all, as_of, whose, report)
}

/// A captured hold has exactly one `redeem` entry, any other has none; and what was given back of it is in entries.
fn check_entries(conn: &mut AnyConnection, hold: &Hold, whose: &str, report: &mut Report) -> Result<(), LedgerError> {
    let mut redeems: Vec<String> = Vec::new();
    let mut restored = Points::ZERO;
    for row in entries::of_hold(conn, hold.id)? {
        if row.kind() == Some(EntryKind::Redeem) {
            redeems.push(row.id());
        } else if row.kind() == Some(EntryKind::Restore)
            // An unreadable entry was told with its account.
            && let Ok(entry) = row.numbers()
        {
            restored = restored.add(entry.points)?;
        }
    }
    let is_sound = match (hold.state, redeems.as_slice()) {
        (HoldState::Captured, [one]) => hold.balance_after.is_some() && hold.id.to_string() == *one,
        (HoldState::Captured, _) => false,
        (HoldState::Open | HoldState::Released | HoldState::Expired, redeems) => redeems.is_empty(),
    };
    if !is_sound {
        report.found(format!("{whose}: hold {} is {} but its entries are {redeems:?}", hold.id, hold.state.as_str()));
    }
    if restored != hold.restored {
        report.found(format!(
            "{whose}: {} points of hold {} were given back but its entries come to {restored}",
            hold.restored, hold.id
        ));
    }
    Ok(())
}

/// A hold that took the place of another is of the same order, and that one was released when it was made.
fn check_replaced(
    conn: &mut AnyConnection,
    all: &BTreeMap<HoldId, Hold>,
    whose: &str,
    report: &mut Report,
) -> Result<(), LedgerError> {
    let ids: Vec<HoldId> = all.values().filter_map(|hold| hold.replaces).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let replaced = holds::load(conn, holds::HoldSelection::Ids(&ids))?;
    for hold in all.values() {
        let Some(id) = hold.replaces else { continue };
        let is_sound = replaced.get(&id).is_some_and(|old| {
            old.order_uuid == hold.order_uuid
                && old.state == HoldState::Released
                && old.ended_at == Some(hold.created_at)
        });
        if !is_sound {
            report.found(format!(
                "{whose}: hold {} replaces hold {id}, which is not a hold of its order that ended then",
                hold.id
            ));
        }
    }
    Ok(())
}

/// Each captured hold that was looked at and not given back has its paid sale, or an exception.
fn check_sales(
    conn: &mut AnyConnection,
    all: &BTreeMap<HoldId, Hold>,
    as_of: &AsOf,
    whose: &str,
    report: &mut Report,
) -> Result<(), LedgerError> {
    let Some(reviewed) = as_of.reviewed else { return Ok(()) };
    let spent: Vec<&Hold> = all
        .values()
        .filter(|hold| hold.state == HoldState::Captured && hold.restored < hold.points)
        .filter(|hold| hold.ended_at.is_some_and(|ended| ended <= reviewed))
        .collect();
    if spent.is_empty() {
        return Ok(());
    }
    let found = look_up(conn, &spent)?;
    let missing: Vec<&Hold> = spent.into_iter().filter(|hold| !found.is_paid(hold)).collect();
    let keys: Vec<String> =
        missing.iter().flat_map(|hold| [never_paid_key(hold.id), without_line_key(hold.id)]).collect();
    let raised = exceptions::raised(conn, &keys)?;
    for hold in missing {
        if !raised.contains(&never_paid_key(hold.id)) && !raised.contains(&without_line_key(hold.id)) {
            report.found(format!(
                "{whose}: hold {} is captured, no paid order has its line, and no exception says so",
                hold.id
            ));
        }
    }
    Ok(())
}
