//! Holds that a paid order carries: captured where the till did not, and looked at for what does not fit.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{Sale, order_ref};
use crate::domain::ledger::decide::{Captured, DecisionError};
use crate::domain::ledger::hold::{Hold, HoldState};
use crate::domain::ledger::state::{DecisionContext, Exception, LedgerState, LedgerStateError, OrderRef};
use crate::domain::refusal::Refusal;
use crate::domain::sale::order::{HoldRef, Line, OrderState};
use crate::domain::value::exact::{self, Overflow};
use crate::domain::value::ids::{ExceptionId, HoldId, SaleId};
use crate::domain::value::money::Money;

/// A hold that a paid order carries, and what became of it.
pub type HoldOutcome = (HoldId, Result<Captured, Refusal>);

impl LedgerState {
    /// Captures the holds that a paid order carries, and raises what does not fit. `decided` are holds that
    /// have their verdict already.
    ///
    /// # Errors
    /// [`LedgerStateError`]
    pub fn converge_holds(
        &mut self,
        sale: &Sale<'_>,
        decided: &dyn Fn(HoldId) -> bool,
        context: &mut DecisionContext<'_>,
    ) -> Result<Vec<HoldOutcome>, LedgerStateError> {
        let mut outcomes = Vec::new();
        if sale.order.state != OrderState::Paid {
            return Ok(outcomes);
        }
        let order = order_ref(sale.order);
        let mut by_hold: BTreeMap<String, CarriedReward<'_>> = BTreeMap::new();
        for line in sale.order.lines.iter().filter(|line| line.refunds.is_none()) {
            if let Some(hold) = &line.hold {
                by_hold.entry(hold.as_text()).or_insert_with(|| CarriedReward::of(hold)).add(line)?;
            }
        }
        for (text, carried) in by_hold {
            let Some(hold) = self.hold_for(&text, &carried, sale, &order, context)? else { continue };
            if hold.state == HoldState::Captured || decided(hold.id) {
                continue;
            }
            let outcome = self.capture_late(&hold, &text, carried.discount, sale, &order, context)?;
            outcomes.push((hold.id, outcome));
        }
        Ok(outcomes)
    }

    /// The hold that a paid order spends, once what does not fit is raised; `None` when the order does not spend it.
    fn hold_for(
        &mut self,
        text: &str,
        carried: &CarriedReward<'_>,
        sale: &Sale<'_>,
        order: &OrderRef,
        context: &mut DecisionContext<'_>,
    ) -> Result<Option<Hold>, LedgerStateError> {
        let known = match carried.reference {
            HoldRef::Id(id) => self.holds.get(id).cloned(),
            HoldRef::Malformed(_) => None,
        };
        let Some(hold) = known else {
            let detail = format!("the paid order carries the hold “{text}”, which this ledger never gave");
            self.raise("unknown_hold", text, sale, order, detail, context);
            return Ok(None);
        };
        let owner = self.account(hold.account_id)?.partner_id;
        // Once it was captured, the customer of its order may have been merged into another: nothing is owed.
        let is_of_another = sale.wallet != Some(owner) && !sale.handed_over.contains(&hold.id);
        let is_strange = hold.state != HoldState::Captured && is_of_another;
        if order.uuid.as_deref() != Some(hold.order_uuid.as_str()) || is_strange {
            let detail = format!(
                "the paid order carries the hold {text} of {} points, which was given to partner {owner} for \
                 another order or is paid by another customer: nothing was captured",
                hold.points
            );
            self.raise("foreign_hold", text, sale, order, detail, context);
            return Ok(None);
        }
        self.raise_shared(sale, &hold, context)?;
        let spender = sale.reward_lines.spender(&hold);
        if hold.state == HoldState::Captured
            && spender.is_some_and(|spender| Some(spender.order) != sale.order.sale_id())
        {
            return Ok(None);
        }
        // Where the order earned the owner points, it was theirs when it was first read.
        let was_theirs = sale.order.sale_id().is_some_and(|id| self.postings.contains_key(&(id, hold.account_id)));
        if is_of_another && !was_theirs {
            let detail = format!(
                "the paid order carries the hold {text} of {} points, which was given to partner {owner}, but is paid \
                 by another customer: the till had captured it, and the points are spent",
                hold.points
            );
            self.raise("foreign_hold", text, sale, order, detail, context);
        }
        if let Some(detail) = carried.beyond(&hold)? {
            self.raise("product_exceeds_hold", text, sale, order, detail, context);
        }
        if carried.discount > hold.discount {
            let detail = format!(
                "the paid order discounts {} for the hold {text}, which allows {}: the line was changed by hand",
                carried.discount, hold.discount
            );
            self.raise("discount_exceeds_hold", text, sale, order, detail, context);
        }
        Ok(Some(hold))
    }

    /// Captures a hold when its order is read, which the till did not do. That it was released before is raised.
    fn capture_late(
        &mut self,
        hold: &Hold,
        text: &str,
        discount: Money,
        sale: &Sale<'_>,
        order: &OrderRef,
        context: &mut DecisionContext<'_>,
    ) -> Result<Result<Captured, Refusal>, LedgerStateError> {
        match self.capture(hold.id, order, sale.order.placed_at, context) {
            Ok(captured) => Ok(Ok(captured)),
            Err(DecisionError::Inconsistent(problem)) => Err(problem),
            Err(DecisionError::Refused(refusal)) => {
                if refusal == Refusal::HoldReleased {
                    let detail = format!(
                        "the paid order carries the hold {text} of {} points, which was released before: the \
                         discount of {discount} was given without points",
                        hold.points
                    );
                    self.raise("hold_released", text, sale, order, detail, context);
                }
                Ok(Err(refusal))
            }
        }
    }

    fn raise(
        &mut self,
        kind: &'static str,
        subject: &str,
        sale: &Sale<'_>,
        order: &OrderRef,
        detail: String,
        context: &mut DecisionContext<'_>,
    ) {
        let id = ExceptionId((context.ids)());
        let on = order.id.map_or_else(String::new, SaleId::key);
        self.exceptions.push(Exception {
            id,
            dedupe_key: format!("{kind}/{on}/{subject}"),
            kind,
            partner_id: sale.order.partner_id,
            order: order.clone(),
            detail,
        });
    }
}

/// What a paid order carries of one hold.
struct CarriedReward<'a> {
    reference: &'a HoldRef,
    /// What its lines take off, with tax.
    discount: Money,
    /// Goods that are given on it.
    added: Vec<&'a Line>,
}

impl<'a> CarriedReward<'a> {
    const fn of(reference: &'a HoldRef) -> Self {
        Self { reference, discount: Money::ZERO, added: Vec::new() }
    }

    fn add(&mut self, line: &'a Line) -> Result<(), Overflow> {
        if line.subtotal_incl.is_negative() {
            self.discount = self.discount.sub(line.subtotal_incl)?;
        } else if line.quantity > Decimal::ZERO {
            self.added.push(line);
        }
        Ok(())
    }

    /// What is given beyond what the hold allows, in words: another product, more of it, or for less.
    fn beyond(&self, hold: &Hold) -> Result<Option<String>, Overflow> {
        // One of the currency's cents: a price is rounded with its taxes.
        const ROUNDING: Decimal = Decimal::from_parts(1, 0, 0, false, 2);
        let Some(product) = hold.product_id else { return Ok(None) };
        if let Some(other) = self.added.iter().find(|line| line.product_id != Some(product)) {
            let given = other.product_id.map_or_else(|| "nothing".to_owned(), |id| id.to_string());
            return Ok(Some(format!(
                "the paid order gives product {given} on the hold {}, which is for product {product}",
                hold.id
            )));
        }
        let quantity = exact::sum(self.added.iter().map(|line| line.quantity))?;
        if quantity > hold.add_quantity {
            return Ok(Some(format!(
                "the paid order gives {quantity} of product {product} on the hold {}, which allows {}",
                hold.id, hold.add_quantity
            )));
        }
        let paid = Money::sum(self.added.iter().map(|line| line.subtotal_incl))?;
        let price = exact::mul(hold.price.unwrap_or_default().decimal(), quantity)?;
        if exact::add(paid.decimal(), ROUNDING)? < price {
            return Ok(Some(format!(
                "the paid order gives product {product} for {paid} on the hold {}, which makes it cost {price}",
                hold.id
            )));
        }
        Ok(None)
    }
}
