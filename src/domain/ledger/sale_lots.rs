//! What a sale's entries did to lots: where its points are, and where what was taken back came from.

use std::collections::BTreeMap;

use super::account::{Expiry, LotChange};
use super::deposit::DepositPart;
use super::entry::Entry;
use crate::domain::value::exact::Overflow;
use crate::domain::value::points::Points;

/// The lots of one sale on one account, as its entries left them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SaleLots {
    /// What its entries put in each lot, less what they took out. Below zero where it took others' points.
    net: BTreeMap<Expiry, Points>,
    /// What was taken back and has not come again, in the order it was taken.
    taken: Vec<ClawbackShare>,
}

/// Points that a clawback took.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ClawbackShare {
    from: Source,
    points: Points,
    by: String,
}

/// Where a clawback found its points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// In a lot, where the sale itself had put them.
    Own(Expiry),
    /// In a lot, where others had.
    Others(Expiry),
    /// Nowhere: they became a debt.
    Debt,
}

impl Source {
    const fn expiry(self) -> Option<Expiry> {
        match self {
            Self::Own(expiry) | Self::Others(expiry) => Some(expiry),
            Self::Debt => None,
        }
    }
}

impl SaleLots {
    /// Takes note of the sale's next entry on the account.
    ///
    /// # Errors
    /// [`Overflow`]
    pub fn note(&mut self, entry: &Entry) -> Result<(), Overflow> {
        let changes = entry.detail.lots.iter().copied();
        if !entry.points.is_negative() {
            self.undone(entry.points)?;
            for change in changes {
                self.add(change)?;
            }
            return Ok(());
        }
        let mut owed = entry.points.negate()?;
        for change in changes {
            let points = change.points.negate()?;
            let own = self.left_in(change.expiry).max(Points::ZERO).min(points);
            let by = entry.id.to_string();
            self.taken.push(ClawbackShare { from: Source::Own(change.expiry), points: own, by: by.clone() });
            self.taken.push(ClawbackShare { from: Source::Others(change.expiry), points: points.sub(own)?, by });
            owed = owed.sub(points)?;
            self.add(change)?;
        }
        self.taken.push(ClawbackShare { from: Source::Debt, points: owed, by: entry.id.to_string() });
        self.taken.retain(|taken| taken.points.is_positive());
        Ok(())
    }

    fn left_in(&self, expiry: Expiry) -> Points {
        self.net.get(&expiry).copied().unwrap_or_default()
    }

    fn add(&mut self, change: LotChange) -> Result<(), Overflow> {
        let net = self.net.entry(change.expiry).or_default();
        *net = net.add(change.points)?;
        Ok(())
    }

    /// What it put in lots and did not take out again, soonest to end first: a clawback takes from there first.
    #[must_use]
    pub fn own(&self) -> Vec<LotChange> {
        let left = self.net.iter().filter(|(_, points)| points.is_positive());
        left.map(|(expiry, points)| LotChange { expiry: *expiry, points: *points }).collect()
    }

    /// Where points go that the sale earns now. They first undo what was taken back last, into the lots it came from;
    /// the sale's own, and what goes beyond, into the lot that a sale of today's program would have.
    ///
    /// # Errors
    /// [`Overflow`]
    pub(in crate::domain) fn parts(
        &self,
        points: Points,
        expiry: Option<Expiry>,
    ) -> Result<Vec<DepositPart>, Overflow> {
        let mut left = points;
        let mut parts = Vec::new();
        let latest = self.taken.iter().filter_map(|taken| taken.from.expiry()).max();
        for taken in self.taken.iter().rev() {
            let points = taken.points.min(left);
            left = left.sub(points)?;
            let (own, was_owed) = match taken.from {
                Source::Own(lot) => (expiry.unwrap_or(lot), false),
                Source::Others(lot) => (lot, false),
                Source::Debt => (expiry.or(latest).unwrap_or(Expiry::Never), true),
            };
            parts.push(DepositPart { expiry: own, points, was_owed });
        }
        parts.push(DepositPart::new(expiry.unwrap_or(Expiry::Never), left));
        parts.retain(|part| part.points.is_positive());
        Ok(parts)
    }

    /// The entry that points coming in now undo, if they do nothing else.
    #[must_use]
    pub fn undoes(&self, points: Points) -> Option<String> {
        let last = self.taken.last()?;
        let of_last = self.taken.iter().filter(|taken| taken.by == last.by).map(|taken| taken.points);
        Points::sum(of_last).is_ok_and(|taken| points <= taken).then(|| last.by.clone())
    }

    /// Points came again: what was taken last is undone first.
    fn undone(&mut self, points: Points) -> Result<(), Overflow> {
        let mut left = points;
        while let Some(taken) = self.taken.last_mut().filter(|_| left.is_positive()) {
            let points = taken.points.min(left);
            left = left.sub(points)?;
            taken.points = taken.points.sub(points)?;
            if taken.points.is_zero() {
                self.taken.pop();
            }
        }
        Ok(())
    }
}
