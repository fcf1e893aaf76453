//! What reading Odoo found and a person should look at.

use chrono::{DateTime, Utc};

use crate::domain::value::ids::{CompanyId, OrderId, PosConfigId};
use crate::domain::value::points::Points;

/// Where orders are sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A company.
    Company(CompanyId),
    /// A till (`pos.config`).
    Till(PosConfigId),
}

impl Place {
    /// Its model in Odoo.
    #[must_use]
    pub const fn model(self) -> &'static str {
        match self {
            Self::Company(_) => "res.company",
            Self::Till(_) => "pos.config",
        }
    }

    /// Its id in Odoo.
    #[must_use]
    pub const fn id(self) -> i64 {
        match self {
            Self::Company(id) => id.0,
            Self::Till(id) => id.0,
        }
    }

    /// From model and id.
    #[must_use]
    pub fn of(model: &str, id: i64) -> Option<Self> {
        match model {
            "res.company" => Some(Self::Company(CompanyId(id))),
            "pos.config" => Some(Self::Till(PosConfigId(id))),
            _ => None,
        }
    }
}

/// A place that Odoo no longer shows to the service user, though orders were sold there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiddenPlace {
    /// Which.
    pub place: Place,
    /// What it was called; empty when that was never read.
    pub name: String,
    /// How many orders cannot be seen because of it.
    pub orders: u64,
}

impl HiddenPlace {
    /// What is wrong and what to do, in a sentence.
    #[must_use]
    pub fn message(&self) -> String {
        let (id, model) = (self.place.id(), self.place.model());
        let named = if self.name.is_empty() { format!("{id}") } else { format!("“{}” ({id})", self.name) };
        match self.place {
            Place::Company(_) => format!(
                "the service user may no longer read company {named} ({model}); its orders are left as they are. Allow \
                 the company for that user in Odoo (Settings, Users)"
            ),
            Place::Till(_) => format!(
                "the service user may no longer read till {named} ({model}); its orders are left as they are. Give that \
                 user the right to read this point of sale in Odoo"
            ),
        }
    }
}

/// Records of one model that were written in the future, by Odoo's own clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FutureRecords {
    /// The model.
    pub model: String,
    /// How many.
    pub records: u64,
    /// The one that is written last.
    pub latest_id: i64,
    /// What that is called.
    pub latest_name: String,
    /// Its `write_date`.
    pub latest_written_at: DateTime<Utc>,
}

/// What a comparison with Odoo would have taken back, and did not because it is too much at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldWithdrawals {
    /// Paid orders that Odoo does not have any more.
    pub gone: u64,
    /// Paid orders whose number is another order's now.
    pub replaced: u64,
    /// Orders that were paid and are not any more.
    pub unpaid: u64,
    /// How many members would lose points.
    pub members: u64,
    /// How many points, of all programs together.
    pub points: Points,
    /// The greatest number of an order that is known.
    pub newest_order: OrderId,
    /// How many orders may go without asking (`sync.max_withdrawn_orders`).
    pub most: u64,
    /// When they were first held back.
    pub since: DateTime<Utc>,
}

impl HeldWithdrawals {
    /// How many orders.
    #[must_use]
    pub const fn orders(&self) -> u64 {
        self.gone.saturating_add(self.replaced).saturating_add(self.unpaid)
    }

    /// What was found and what to do, in a sentence.
    #[must_use]
    pub fn message(&self) -> String {
        let kinds = [
            (self.gone, "gone from Odoo"),
            (self.replaced, "other orders of the same number now"),
            (self.unpaid, "no longer paid"),
        ];
        let kinds = kinds.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        format!(
            "{} paid orders are not in Odoo as they were ({}). Taking them back would cost {} members {} points, and is more \
             than sync.max_withdrawn_orders = {}: this waits since {} UTC for a person to decide; other orders are read as \
             before. If odoo.database, the service user's companies or its rights are wrong, correct them, and this ends by \
             itself. If Odoo was restored from a backup, or the orders were deleted on purpose, run `loyalty-sidecar sync \
             --full --accept-withdrawals`, which takes the points back",
            self.orders(),
            kinds.collect::<Vec<_>>().join(", "),
            self.members,
            self.points,
            self.most,
            self.since.format("%Y-%m-%d %H:%M"),
        )
    }
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncFindings {
    /// What waits for a person to decide.
    pub held: Option<HeldWithdrawals>,
    /// Places that are not shown any more.
    pub hidden: Vec<HiddenPlace>,
    /// Records written in the future.
    pub future: Vec<FutureRecords>,
}
