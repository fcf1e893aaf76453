//! `doctor`: one line a finding, each with what to do.

use std::collections::BTreeMap;

use chrono::Utc;
use serde_json::json;

use super::findings::{Findings, Mark};
use super::{Outcome, doctor_login, doctor_shop, outlook, print};
use crate::app;
use crate::config::Settings;
use crate::domain::findings::{HiddenPlace, Place};
use crate::odoo::doctor::examine;
use crate::odoo::read::census::census;
use crate::odoo::read::places;
use crate::odoo::{OdooFault, keys};
use crate::store::connection::migrate::{Schema, inspect};
use crate::store::connection::readiness;
use crate::store::connection::transaction::write_transaction;
use crate::store::table::tokens;
use crate::store::{Pool, StoreError};

pub(super) async fn run(settings: &Settings, as_json: bool) -> Outcome {
    let mut findings = Findings::default();
    if let Err(problem) = look_at_database(settings, &mut findings) {
        findings.note(Mark::Failed, "database", problem.to_string());
    }
    for caution in settings.cautions() {
        findings.note(Mark::Warning, caution.setting, caution.what);
    }
    look_at_odoo(settings, &mut findings).await;
    outlook::look(settings, &mut findings);
    let good = findings.are_good();
    print(as_json, &json!({"ok": good, "findings": findings.to_json()}), || findings.words());
    Ok(good)
}

fn look_at_database(settings: &Settings, findings: &mut Findings) -> Result<(), StoreError> {
    if let crate::store::DatabaseUrl::Sqlite(path) = &settings.database_url
        && !path.exists()
    {
        findings.note(
            Mark::Warning,
            "database",
            format!("{} does not exist yet; `loyalty-sidecar token create --role viewer --name odoo` makes it, and the addon's token", path.display()),
        );
        return Ok(());
    }
    let pool = Pool::open(settings.database_url.clone(), 1)?;
    let mut conn = pool.get()?;
    let shown = settings.database_url.redacted();
    match inspect(&mut conn)? {
        Schema::Current => findings.note(Mark::Ok, "database", format!("{shown} is reachable and up to date")),
        Schema::Behind(pending) => {
            findings.note(
                Mark::Warning,
                "database",
                format!("{shown} lacks {} migrations; `loyalty-sidecar serve` or `migrate` runs them", pending.len()),
            );
            return Ok(());
        }
        Schema::Ahead(_) => findings.note(
            Mark::Ok,
            "database",
            format!("{shown} is reachable; a newer version has migrated it, beside which this one may work"),
        ),
        Schema::Newer(version) => return Err(StoreError::Newer(version)),
        Schema::Unreleased(version) => return Err(StoreError::Unreleased(version)),
    }
    write_transaction(&mut conn, readiness::probe_write)?;
    if let Some(held) = crate::store::table::withdrawals::held(&mut conn)? {
        findings.note(Mark::Failed, "withdrawals", held.message());
    }
    findings.note(Mark::Ok, "database", "it takes writes");
    let usable = tokens::accepted(&mut conn)?;
    if usable.is_empty() {
        findings.note(
            Mark::Warning,
            "tokens",
            "there is none, and `serve` does not start without: make one for the addon with \
             `loyalty-sidecar token create --role viewer --name odoo`",
        );
    } else {
        doctor_shop::look_at_tokens(&usable, findings);
    }
    if crate::store::table::programs::load_all(&mut conn)?.is_empty() {
        findings.note(
            Mark::Warning,
            "programs",
            "there is none, so nothing earns: put one with `loyalty-sidecar program put FILE`",
        );
    } else {
        let broken = crate::ledger::unreadable_in(&mut conn)?;
        if broken.is_empty() {
            findings.note(Mark::Ok, "programs", "there is at least one");
        }
        for one in broken {
            findings.note(Mark::Failed, "programs", one.sentence);
        }
    }
    Ok(())
}

/// Whether Odoo shows every company and till that orders were sold at. A database that has no such tables yet knows none.
fn look_at_places(settings: &Settings, shown: &BTreeMap<Place, String>, findings: &mut Findings) {
    let known = || -> Result<BTreeMap<Place, String>, StoreError> {
        if let crate::store::DatabaseUrl::Sqlite(path) = &settings.database_url
            && !path.exists()
        {
            return Ok(BTreeMap::new());
        }
        let pool = Pool::open(settings.database_url.clone(), 1)?;
        let mut conn = pool.get()?;
        match inspect(&mut conn)? {
            Schema::Behind(_) | Schema::Newer(_) | Schema::Unreleased(_) => Ok(BTreeMap::new()),
            Schema::Current | Schema::Ahead(_) => crate::store::table::findings::known_places(&mut conn),
        }
    };
    // That the database cannot be read was told above.
    let known = known().unwrap_or_default();
    let hidden = known.iter().filter(|(place, _)| !shown.contains_key(place));
    let hidden: Vec<HiddenPlace> =
        hidden.map(|(place, name)| HiddenPlace { place: *place, name: name.clone(), orders: 0 }).collect();
    for place in &hidden {
        findings.note(Mark::Failed, place.place.model(), place.message());
    }
    if hidden.is_empty() && !known.is_empty() {
        findings.note(Mark::Ok, "places", format!("all {} companies and tills of known orders are shown", known.len()));
    }
}

async fn look_at_odoo(settings: &Settings, findings: &mut Findings) {
    let Some(odoo) = settings.odoo.clone() else {
        findings.note(Mark::Failed, "odoo", "odoo.url is not set: set url, database, login and api_key of [odoo]");
        return;
    };
    let report = async {
        let link = app::link(odoo, settings.denied_pause)?;
        let session = link.session().await?;
        // Of old versions, or without the right to see one's keys, nothing is known of their end.
        let key_end = keys::end(session.as_ref(), Utc::now()).await?;
        Ok::<_, OdooFault>((
            key_end,
            examine(session.as_ref()).await?,
            places::shown(session.as_ref(), settings.sync.page_size).await?,
            census(session.as_ref(), settings.sync.page_size).await?,
        ))
    }
    .await;
    let (key_end, report, shown, counted) = match report {
        Ok(found) => found,
        Err(fault) => {
            let ended = if fault.is_refusal() { doctor_login::refused(settings) } else { None };
            let ended = ended.map(|words| format!(" As far as was known, {words}.")).unwrap_or_default();
            findings.note(Mark::Failed, "odoo", format!("{fault}{ended}"));
            return;
        }
    };
    let spoken = &report.spoken;
    findings.note(
        Mark::Ok,
        "odoo",
        format!("login works; version {}, read over {} ({})", report.version, spoken.protocol, spoken.why),
    );
    doctor_login::accepted(settings, key_end, findings);
    for model in &report.models {
        if let Some(fault) = &model.fault {
            findings.note(Mark::Failed, model.model, fault.to_string());
        } else if model.missing_fields.is_empty() {
            findings.note(Mark::Ok, model.model, "can be read");
        } else {
            findings.note(
                Mark::Warning,
                model.model,
                format!("this Odoo has no {}; what depends on it is left out", model.missing_fields.join(", ")),
            );
        }
    }
    doctor_shop::look_at_census(&counted, &shown, findings);
    look_at_places(settings, &shown, findings);
    if report.addon_installed {
        findings.note(Mark::Ok, "addon", "loyalty_sidecar is installed");
    } else {
        findings.note(
            Mark::Warning,
            "addon",
            "loyalty_sidecar is not installed in this Odoo: points are earned, but cannot be redeemed at the \
             till. To do (Odoo 19): put odoo_addon/loyalty_sidecar in its addons path, restart Odoo, turn on its developer \
             mode, then Apps, Update Apps List, and activate it",
        );
    }
    if report.pos_loyalty_installed {
        findings.note(Mark::Ok, "pos_loyalty", "Odoo's own loyalty is installed beside; its gift cards never count");
    }
}
