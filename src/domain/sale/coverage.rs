//! Which lines of an order a scope covers, and whose units it counts.

use super::order::{Combo, Line};
use crate::domain::catalog::scope::{Scope, ScopeLists, ScopeSubject};

impl Scope {
    /// Whether the line counts. A part of a combo belongs to it: it counts when either is listed and neither is
    /// excluded.
    #[must_use]
    pub fn covers(&self, line: &Line) -> bool {
        let (listed, excluded) = (self.listed(), self.excluded());
        let names = |lists: &ScopeLists<'_>| {
            lists.name(&ScopeSubject::from(line))
                || line.combo.as_deref().is_some_and(|combo| lists.name(&combo.into()))
        };
        !names(&excluded) && (listed.are_empty() || names(&listed))
    }

    /// Whether the line's quantity counts. A combo is one unit, not as many as it has parts: a part is a unit of its
    /// own where its product is listed, or where its tag or category is and the combo's is not.
    #[must_use]
    pub fn counts_units_of(&self, line: &Line) -> bool {
        let Some(combo) = line.combo.as_deref() else { return self.covers(line) };
        let listed = self.listed();
        let is_named = line.product_id.is_some_and(|product| self.product_ids.contains(&product));
        self.covers(line) && (is_named || (listed.name(&line.into()) && !listed.name(&combo.into())))
    }
}

impl<'a> From<&'a Line> for ScopeSubject<'a> {
    fn from(line: &'a Line) -> Self {
        Self {
            product_id: line.product_id,
            pos_categories: &line.pos_categories,
            product_categories: &line.product_categories,
            product_tags: &line.product_tags,
        }
    }
}

impl<'a> From<&'a Combo> for ScopeSubject<'a> {
    fn from(combo: &'a Combo) -> Self {
        Self {
            product_id: combo.product_id,
            pos_categories: &combo.pos_categories,
            product_categories: &combo.product_categories,
            product_tags: &combo.product_tags,
        }
    }
}
