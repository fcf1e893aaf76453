//! `/healthz`: the process lives. `/readyz`: it can do its work.

use std::time::{Duration, Instant};

use actix_web::{HttpResponse, web};
use chrono::Utc;
use serde_json::json;
use tokio::sync::Mutex;

use super::ServerState;
use crate::store::table::findings;

/// How long an answer of the database holds: anybody may ask, and each question is a write.
const FRESH: Duration = Duration::from_millis(500);
/// How long the database, and Odoo, may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the database says, or why it cannot be written.
type ReadinessCheck = Result<Degraded, String>;

/// What does not work as it should, in words, while all else does.
#[derive(Clone, Default)]
struct Degraded {
    /// The programs that cannot be read or computed.
    programs: Option<String>,
    /// What waits for a person to decide whether it is taken back.
    withdrawals: Option<String>,
}

impl Degraded {
    const fn is_none(&self) -> bool {
        self.programs.is_none() && self.withdrawals.is_none()
    }
}

/// What the database last said.
#[derive(Default)]
pub(super) struct Readiness(Mutex<Option<(Instant, ReadinessCheck)>>);

impl Readiness {
    /// Whether the database can be written and all programs be read, asked at most twice a second.
    async fn database(&self, state: &ServerState) -> ReadinessCheck {
        let mut last = self.0.lock().await;
        if let Some((at, answer)) = last.as_ref()
            && at.elapsed() < FRESH
        {
            return answer.clone();
        }
        let asked = async {
            state.inner.ledger.ready().await?;
            Ok(Degraded { programs: faulty_programs(state).await, withdrawals: held_withdrawals(state).await })
        };
        let answer = tokio::time::timeout(PATIENCE, asked)
            .await
            .unwrap_or_else(|_| Err("the database does not answer in time".to_owned()));
        *last = Some((Instant::now(), answer.clone()));
        answer
    }
}

/// Names the programs that cannot be read or computed. Anybody may ask, so that it says no more of them.
async fn faulty_programs(state: &ServerState) -> Option<String> {
    // A database that fails now was asked whether it can be written a moment ago: the next question will tell.
    let faults = state.inner.ledger.programs().faults().await.ok()?;
    let mut named: Vec<String> = faults.iter().map(|one| format!("version {} of {}", one.version, one.code)).collect();
    named.dedup();
    (!named.is_empty()).then(|| format!("cannot be read or computed: {}; see exception.list", named.join(", ")))
}

/// Says that somebody must decide; the numbers are for those who may ask.
async fn held_withdrawals(state: &ServerState) -> Option<String> {
    let held = state.inner.ledger.pool().run(findings::load).await.ok()?.held?;
    Some(format!("{} paid orders are not in Odoo as they were; see sync.status or doctor", held.orders()))
}

/// Never touches the database.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// `ready`; `degraded` while Odoo is away or refuses the login, which stops no till, a key of it ends soon, or a program
/// cannot be read; `unready` (503) when nothing can be written or the
/// service is about to stop.
pub(super) async fn ready(state: web::Data<ServerState>) -> HttpResponse {
    let draining = state.is_draining();
    let (database, odoo) =
        tokio::join!(state.inner.ready.database(&state), tokio::time::timeout(PATIENCE, state.inner.odoo.version()));
    let odoo = odoo.unwrap_or_default();
    let now = Utc::now();
    let key = odoo.key_end.filter(|end| end.is_near(now)).map(|end| end.words(now));
    let status = match (&database, draining, odoo.reachable && key.is_none()) {
        (Err(_), _, _) | (_, true, _) => "unready",
        (Ok(found), false, true) if found.is_none() => "ready",
        (Ok(_), false, _) => "degraded",
    };
    let mut response = if status == "unready" { HttpResponse::ServiceUnavailable() } else { HttpResponse::Ok() };
    response.json(json!({
        "status": status,
        "checks": {
            "database": database.as_ref().err().map_or("ok", String::as_str),
            "programs": database.as_ref().ok().and_then(|found| found.programs.as_deref()).unwrap_or("ok"),
            "withdrawals": database.as_ref().ok().and_then(|found| found.withdrawals.as_deref()).unwrap_or("ok"),
            "odoo": match (odoo.reachable, odoo.login_refused) {
                (true, _) => "ok",
                (false, true) => "the login is refused",
                (false, false) => "not reachable",
            },
            "odoo_key": key.as_deref().unwrap_or("ok"),
            "draining": draining,
        },
    }))
}
