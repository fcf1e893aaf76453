//! What reading Odoo found and a person should look at.

use chrono::{DateTime, Utc};

use super::ids::{CompanyId, PosConfigId};

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

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Places that are not shown any more.
    pub hidden: Vec<HiddenPlace>,
    /// Records written in the future.
    pub future: Vec<FutureRecords>,
}
