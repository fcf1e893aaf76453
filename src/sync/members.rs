//! Members that are gone from Odoo: merged into others, or deleted.
//!
//! Odoo merges partners by raw SQL: what named one names the other, no `write_date` is touched, and the record is
//! deleted. So whoever is gone became whom its orders name now. That must be known before such an order is taken in:
//! as a mere change of customer it would take what was earned from the one and leave what was spent there.

use std::collections::BTreeSet;

use crate::domain::catalog::records::Partner;
use crate::domain::sale::order::{Order, Wallet};
use crate::domain::value::ids::{OrderId, PartnerId};
use crate::ledger::ingest::trail;
use crate::odoo::read::pos_orders::ORDER;
use crate::odoo::session::FromOdoo;
use crate::store::table::accounts;
use crate::store::table::withdrawals::known_orders;

use super::error::SyncError;
use super::pass::Pass;

impl Pass<'_> {
    /// Before orders are taken in: moves the members that these were bought by, and that are gone. The customer of a
    /// stranger, an order by the number of another one, did not become that one's.
    pub async fn follow_customers(&mut self, orders: &[Order], strangers: &BTreeSet<OrderId>) -> Result<(), SyncError> {
        let read = orders.iter().filter_map(|order| Some((order.id?, order.partner_id)));
        let read: Vec<_> = read.filter(|(id, _)| !strangers.contains(id)).collect();
        let left = self.shared.database.run(|conn| trail::customers_left(conn, read)).await?;
        self.follow(left).await
    }

    /// Before contacts are kept: moves the companies that these were of, and that are gone.
    pub async fn follow_companies(&mut self, partners: &[Partner]) -> Result<(), SyncError> {
        if partners.is_empty() || self.shared.ledger.ingestion().wallet() == Wallet::Contact {
            return Ok(());
        }
        let (wallet, partners) = (self.shared.ledger.ingestion().wallet(), partners.to_vec());
        let left = self.shared.ledger.pool().run(move |conn| trail::companies_left(conn, wallet, &partners)).await?;
        self.follow(left).await
    }

    /// Looks whether every member with points is still there: not all of them have orders that would show it.
    pub async fn sweep_members(&mut self) -> Result<(), SyncError> {
        let limit = i64::from(self.settings().page_size);
        let mut after = PartnerId(0);
        loop {
            let page = self.shared.database.run(move |conn| accounts::members(conn, after, limit)).await?;
            let Some(last) = page.last().copied() else { return Ok(()) };
            self.follow(page.into_iter().collect()).await?;
            after = last;
        }
    }

    /// Says of members that nobody knows the whereabouts of what they have, now that all orders were read.
    pub async fn report_orphans(&mut self) -> Result<(), SyncError> {
        for member in std::mem::take(&mut self.orphans) {
            self.shared.ledger.ingestion().orphaned(member, self.token()).await?;
        }
        Ok(())
    }

    /// Moves those of these members that Odoo merged into another.
    async fn follow(&mut self, members: BTreeSet<PartnerId>) -> Result<(), SyncError> {
        let asked: Vec<i64> = members.difference(&self.orphans).map(|id| id.0).collect();
        if asked.is_empty() {
            return Ok(());
        }
        // Whoever is gone now was merged before now: all that is read from here on shows it.
        let gone = self.session.gone(Partner::MODEL, &asked, self.settings().page_size).await?;
        for member in gone.into_iter().map(PartnerId) {
            let token = self.token();
            if let Some(into) = self.became(member).await? {
                tracing::info!(member = member.0, into = into.id.0, "Odoo merged a customer into another");
                let merged = self.shared.ledger.ingestion().merge_member(member, into, token).await?;
                self.count(merged);
            } else {
                // At once, so that a person decides although a later pass may see only a part of its orders.
                self.shared.ledger.ingestion().orphaned(member, token).await?;
                self.orphans.insert(member);
            }
        }
        Ok(())
    }

    /// Whom a member became that is gone: the one that all its orders are now. `None` where they are several's or
    /// nobody's, or where there are none.
    async fn became(&self, member: PartnerId) -> Result<Option<Partner>, SyncError> {
        let wallet = self.shared.ledger.ingestion().wallet();
        let trail = self.shared.ledger.pool().run(move |conn| trail::of(conn, wallet, member)).await?;
        if let Some(known) = trail.became {
            return Ok(self.session.by_ids::<Partner>(&[known.0], 1).await?.pop());
        }
        if trail.told {
            return Ok(None);
        }
        let customers = self.customers_of(&trail.orders).await?;
        let Some(customers) = customers.into_iter().collect::<Option<Vec<_>>>() else { return Ok(None) };
        let page_size = self.settings().page_size;
        let mut heirs = self.session.by_ids::<Partner>(&customers, page_size).await?;
        if heirs.len() != customers.len() {
            // One of them is hidden from us: a person may know.
            return Ok(None);
        }
        if trail.is_company {
            // Contacts of a company that was merged are of the other company now, and buy as before.
            let companies: BTreeSet<i64> = heirs.iter().map(|heir| heir.commercial_partner_id.0).collect();
            let companies: Vec<i64> = companies.into_iter().collect();
            heirs = self.session.by_ids::<Partner>(&companies, page_size).await?;
        }
        Ok(if heirs.len() == 1 { heirs.pop().filter(|heir| heir.id != member) } else { None })
    }

    /// The customers that these orders have in Odoo now, as far as it has the orders, and not others by their numbers; `None`
    /// is nobody.
    async fn customers_of(&self, orders: &[OrderId]) -> Result<BTreeSet<Option<i64>>, SyncError> {
        let asked = orders.to_vec();
        let known = self.shared.database.run(move |conn| known_orders(conn, &asked)).await?;
        let fields = ["partner_id", "uuid", "pos_reference"];
        let mut customers = BTreeSet::new();
        for record in self.fields_of(ORDER, orders.iter().map(|id| id.0), &fields).await? {
            let (uuid, reference) = (record.key("uuid").ok().flatten(), record.key("pos_reference").ok().flatten());
            let known = record.id().ok().and_then(|id| known.get(&OrderId(id)));
            if known.is_none_or(|known| !known.is_replaced_by(uuid.as_deref(), reference.as_deref())) {
                customers.insert(record.link("partner_id").ok().flatten());
            }
        }
        Ok(customers)
    }
}
