//! Members that are gone from Odoo: whom they became, and what is done when nobody knows.

use uuid::Uuid;

use crate::domain::catalog::records::{Ingested, Partner};
use crate::domain::ledger::state::{Exception, OrderRef};
use crate::domain::value::ids::{ExceptionId, PartnerId};
use crate::ledger::admin::members::Members;
use crate::ledger::error::LedgerError;
use crate::ledger::ingest::Ingestion;
use crate::ledger::writer::command::{Idempotency, TransferMember, TransferReason, orphan_key};
use crate::ledger::writer::reply::Transferred;
use crate::store::connection::clock::database_now;
use crate::store::connection::transaction::write_transaction;
use crate::store::table::accounts::{self, AccountSelection};
use crate::store::table::exceptions::{self, ExceptionRow};
use crate::store::{self, AnyConnection, FencingToken};

impl Ingestion<'_> {
    /// Moves everything of a member that Odoo merged into another partner. Doing so again changes nothing.
    ///
    /// # Errors
    /// As [`crate::ledger::Ledger::reply`], and [`LedgerError::Outdated`].
    pub async fn merge_member(
        self,
        from: PartnerId,
        into: Partner,
        token: FencingToken,
    ) -> Result<Ingested, LedgerError> {
        let why = TransferReason::Merged { into: Box::new(into), token };
        let transfer = TransferMember { from, why, actor: "sync".to_owned() };
        let mut done = self.0.ingested(transfer).await?;
        done.entries_posted = done.entries_posted.saturating_add(self.0.recompute().await?);
        Ok(done)
    }

    /// Tells a manager of a member that is gone from Odoo while nobody knows whom it became; of one that was told of
    /// before, what it has now.
    ///
    /// # Errors
    /// [`LedgerError::Store`], and [`LedgerError::Outdated`].
    pub async fn orphaned(self, member: PartnerId, token: FencingToken) -> Result<(), LedgerError> {
        let raised = self
            .0
            .pool()
            .run(move |conn| {
                write_transaction(conn, |conn| {
                    if !token.still_counts(conn)? {
                        return Err(LedgerError::Outdated);
                    }
                    tell(conn, member)
                })
            })
            .await?;
        if let Some(detail) = raised {
            tracing::warn!(kind = ORPHANED, detail, "an exception waits for a manager");
            metrics::counter!("loyalty_exceptions_total", "kind" => ORPHANED).increment(1);
        }
        Ok(())
    }
}

impl Members<'_> {
    /// Moves everything of a member to another by hand.
    ///
    /// # Errors
    /// As [`crate::ledger::Ledger::reply`].
    pub async fn transfer(
        self,
        idempotency: Idempotency,
        from: PartnerId,
        to: PartnerId,
        reason: String,
        actor: String,
    ) -> Result<Transferred, LedgerError> {
        let why = TransferReason::ByHand { idempotency, to, reason };
        let done = self.0.reply(TransferMember { from, why, actor }).await?;
        // The points have moved: what is still to be computed cannot make that undone.
        self.0.recompute_or_later().await;
        Ok(done)
    }

    /// Whether a partner has an account here, known to Odoo or not.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn has_account(self, member: PartnerId) -> Result<bool, LedgerError> {
        let look = move |conn: &mut AnyConnection| {
            Ok(!accounts::load(conn, &AccountSelection::Partners(&[member]))?.is_empty())
        };
        self.0.pool().run(look).await
    }
}

const ORPHANED: &str = "orphaned_account";

/// Raises the exception, brings it up to date, or ends it when there is nothing left; its text when it is new.
fn tell(conn: &mut AnyConnection, member: PartnerId) -> Result<Option<String>, LedgerError> {
    let now = database_now(conn)?;
    let key = orphan_key(member);
    let programs = store::table::programs::codes(conn)?;
    let mut has = Vec::new();
    for one in accounts::load(conn, &AccountSelection::Partners(&[member]))? {
        let (balance, held) = (one.account.balance_at(now)?, one.account.held_at(now)?);
        if !balance.is_zero() || !held.is_zero() {
            let program = programs.get(&one.account.program_id).map_or("?", String::as_str);
            let of_these = if held.is_zero() { String::new() } else { format!(" ({held} of them held)") };
            has.push(format!("{balance} points{of_these} in the program {program}"));
        }
    }
    if has.is_empty() {
        exceptions::resolve_key(conn, &key, "nothing is left on the account", "sync", now.timestamp_micros())?;
        return Ok(None);
    }
    let detail = format!(
        "the customer is gone from Odoo, and its orders went to several customers or to none: it has {}. \
         member.transfer moves all of it to another customer",
        has.join(", ")
    );
    let exception = Exception {
        id: ExceptionId(Uuid::now_v7()),
        dedupe_key: key.clone(),
        kind: ORPHANED,
        partner_id: Some(member),
        order: OrderRef::default(),
        detail: detail.clone(),
    };
    if exceptions::insert(conn, &ExceptionRow::new(&exception, now))? {
        return Ok(Some(detail));
    }
    exceptions::update_detail(conn, &key, &detail)?;
    Ok(None)
}
