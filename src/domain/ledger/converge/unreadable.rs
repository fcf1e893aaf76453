//! Programs that say nothing about a sale, because they cannot be read or computed: others go on.

use super::{Sale, order_ref};
use crate::domain::ledger::state::{DecisionContext, Exception, LedgerState, Missing, OrderRef};
use crate::domain::value::ids::{AccountId, ExceptionId, ProgramId};

/// The kind of the exception for a program that cannot be read or computed.
pub const UNREADABLE: &str = "program_unreadable";
/// The end of its key when a version's numbers grow too large on an order.
pub const TOO_LARGE: &str = "too_large";

/// The key of the exception for a version that cannot be read.
#[must_use]
pub fn unreadable_key(program: ProgramId, version: i64) -> String {
    format!("{UNREADABLE}/{program}/{version}")
}

/// What a manager is told of a version that cannot be read.
#[must_use]
pub fn unreadable_sentence(code: &str, version: i64, problem: &str) -> String {
    format!(
        "version {version} of the program {code} cannot be read ({problem}): it neither earns nor spends until a corrected \
         document is put; all other programs go on"
    )
}

/// A program that says nothing about a sale. What it posted for it stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncomputed {
    /// The program's code.
    pub program: String,
    /// The version in force.
    pub version: i64,
    /// Why that one cannot be read; `None` when its numbers grow too large on this sale.
    pub problem: Option<String>,
}

impl LedgerState {
    pub(super) fn raise_too_large(
        &mut self,
        sale: &Sale<'_>,
        account_id: AccountId,
        context: &mut DecisionContext<'_>,
    ) -> Result<(), Missing> {
        let program = self.account(account_id)?.program_id;
        let Some(desired) = sale.desired.get(&account_id) else { return Ok(()) };
        let uncomputed = Uncomputed { program: desired.program.clone(), version: desired.version, problem: None };
        self.raise_uncomputed(program, &uncomputed, sale, context);
        Ok(())
    }

    /// One exception for each version: it names the first order that it was met on.
    pub(super) fn raise_uncomputed(
        &mut self,
        program: ProgramId,
        uncomputed: &Uncomputed,
        sale: &Sale<'_>,
        context: &mut DecisionContext<'_>,
    ) {
        let Uncomputed { program: code, version, problem } = uncomputed;
        let key = unreadable_key(program, *version);
        let (dedupe_key, detail) = match problem {
            Some(problem) => (key, unreadable_sentence(code, *version, problem)),
            None => (
                format!("{key}/{TOO_LARGE}"),
                format!(
                    "the numbers of the program {code}, version {version}, grow too large on the order {}: it earns nothing \
                     more there until a corrected document is put for its date; all other programs go on",
                    sale.order.name
                ),
            ),
        };
        if self.exceptions.iter().any(|known| known.dedupe_key == dedupe_key) {
            return;
        }
        let of_order = problem.is_none();
        self.exceptions.push(Exception {
            id: ExceptionId((context.ids)()),
            dedupe_key,
            kind: UNREADABLE,
            partner_id: sale.order.partner_id.filter(|_| of_order),
            order: if of_order { order_ref(sale.order) } else { OrderRef::default() },
            detail,
        });
    }
}
