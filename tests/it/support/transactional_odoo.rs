//! Odoo on PostgreSQL, as far as reading it can go wrong: the shop's records, changed by transactions.
//!
//! - A transaction's `write_date` is the moment it *began*, to the microsecond, and nothing of it is visible before it
//!   commits: its rows may appear behind rows that were seen long before.
//! - Each call that reads sees what is committed when it is answered, and nothing that commits meanwhile.
//! - Ids come from sequences: they are taken when a row is made, and kept whatever becomes of the transaction.
//! - A row that another open transaction wrote, or that changed since this one began, cannot be written:
//!   PostgreSQL lets one wait and Odoo begin anew.
//! - Raw SQL touches no `write_date`, and what is deleted leaves no trace.
//!
//! The clock is the shop's own and stands still until a test lets it go on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use loyalty_sidecar::demo::{Change, FakeOdoo, fake_odoo::kept_moment};
use serde_json::{Value, json};

use super::Sold;

/// Odoo's limit on a request's time: no transaction is open for longer.
const LONGEST: Duration = Duration::from_mins(2);

/// A row: its model and its id.
type Row = (String, i64);

#[derive(Default)]
struct Rows {
    /// Written by a transaction that is still open.
    locked: BTreeSet<Row>,
    /// When a row was last committed.
    committed: BTreeMap<Row, DateTime<Utc>>,
}

/// The shop's database; cheap to clone, all clones are one.
#[derive(Clone)]
pub struct TransactionalOdoo {
    pub shop: FakeOdoo,
    rows: Arc<Mutex<Rows>>,
}

/// An open transaction. Dropping it rolls it back.
pub struct Transaction {
    odoo: TransactionalOdoo,
    began: DateTime<Utc>,
    changes: Vec<Change>,
    written: BTreeSet<Row>,
}

impl TransactionalOdoo {
    /// Over the records of a shop, whose clock it moves.
    pub fn new(shop: FakeOdoo) -> Self {
        Self { shop, rows: Arc::default() }
    }

    /// Lets time go by.
    pub fn wait(&self, time: Duration) {
        self.shop.advance(time);
    }

    /// Begins a transaction, now.
    pub fn begin(&self) -> Transaction {
        Transaction { odoo: self.clone(), began: self.shop.now(), changes: Vec::new(), written: BTreeSet::new() }
    }

    /// One sale in a transaction that commits at once.
    pub fn sell(&self, partner: i64, amount: &str) -> Sold {
        let mut transaction = self.begin();
        let sold = transaction.sell(partner, amount);
        transaction.commit();
        sold
    }

    /// One change in a transaction that commits at once.
    #[track_caller]
    pub fn write(&self, model: &str, id: i64, values: Value) {
        let mut transaction = self.begin();
        assert!(transaction.write(model, id, values), "{model} {id} is being written by another transaction");
        transaction.commit();
    }

    /// Merges two partners as Odoo's wizard does: raw SQL repoints the orders, the other partner is deleted.
    pub fn merge(&self, from: i64, into: i64) {
        let mut transaction = self.begin();
        for order in self.shop.ids("pos.order") {
            if self.shop.kept("pos.order", order, "partner_id") == Some(json!(from)) {
                transaction.sql("pos.order", order, json!({"partner_id": into}));
            }
        }
        transaction.delete("res.partner", from);
        transaction.commit();
    }

    /// Deletes an order with its lines.
    pub fn delete_order(&self, sold: &Sold) {
        let mut transaction = self.begin();
        for line in &sold.lines {
            transaction.delete("pos.order.line", *line);
        }
        transaction.delete("pos.order", sold.id);
        transaction.commit();
    }
}

impl Transaction {
    /// When it began: the `write_date` of all it writes.
    pub const fn began(&self) -> DateTime<Utc> {
        self.began
    }

    /// Makes a record; its id, which nobody sees before the commit.
    pub fn insert(&mut self, model: &str, mut values: Value) -> i64 {
        let id = self.odoo.shop.reserve(model);
        values["id"] = json!(id);
        values["write_date"] = json!(kept_moment(self.began));
        self.changes.push(Change::Insert(model.to_owned(), values));
        id
    }

    /// Changes a record. `false` when it cannot: another transaction is writing it, or has since this one began.
    #[must_use]
    pub fn write(&mut self, model: &str, id: i64, mut values: Value) -> bool {
        values["write_date"] = json!(kept_moment(self.began));
        self.lock(model, id) && {
            self.changes.push(Change::Write(model.to_owned(), id, values));
            true
        }
    }

    /// Whether this transaction may write a row; from then on no other may until it ends.
    fn lock(&mut self, model: &str, id: i64) -> bool {
        let row = (model.to_owned(), id);
        if self.written.contains(&row) {
            return true;
        }
        let mut rows = self.odoo.rows.lock().unwrap();
        let changed_since = rows.committed.get(&row).is_some_and(|at| *at > self.began);
        if changed_since || rows.locked.contains(&row) {
            return false;
        }
        rows.locked.insert(row.clone());
        self.written.insert(row);
        true
    }

    /// Changes a record by raw SQL, which leaves its `write_date` as it is.
    pub fn sql(&mut self, model: &str, id: i64, values: Value) {
        self.changes.push(Change::Write(model.to_owned(), id, values));
    }

    /// Deletes a record.
    pub fn delete(&mut self, model: &str, id: i64) {
        self.changes.push(Change::Delete(model.to_owned(), id));
    }

    /// A paid order of one piece of product 1.
    pub fn sell(&mut self, partner: i64, amount: &str) -> Sold {
        self.sell_lines(Some(partner), &[super::line(1, "1", amount)])
    }

    /// A paid order, lines as Odoo has them.
    pub fn sell_lines(&mut self, partner: Option<i64>, lines: &[Value]) -> Sold {
        let uuid = super::uuid();
        let id = self.insert(
            "pos.order",
            json!({
                "uuid": uuid, "name": format!("Shop/{}", &uuid[..8]), "pos_reference": format!("Order {uuid}"),
                "state": "paid", "date_order": kept_moment(self.began),
                "partner_id": partner.map_or(json!(false), |id| json!(id)), "company_id": 1, "currency_id": 1,
                "config_id": 1,
            }),
        );
        let lines = lines
            .iter()
            .map(|line| {
                let mut line = line.clone();
                line["order_id"] = json!(id);
                line["uuid"] = json!(super::uuid());
                self.insert("pos.order.line", line)
            })
            .collect();
        Sold { id, uuid, lines }
    }

    /// Makes all of it visible at once.
    #[track_caller]
    pub fn commit(mut self) {
        let now = self.odoo.shop.now();
        let open = now.signed_duration_since(self.began).to_std().expect("a clock that goes forward");
        assert!(open <= LONGEST, "Odoo would have ended this transaction after {LONGEST:?}");
        self.odoo.shop.commit(std::mem::take(&mut self.changes));
        let mut rows = self.odoo.rows.lock().unwrap();
        for row in &self.written {
            rows.committed.insert(row.clone(), now);
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let mut rows = self.odoo.rows.lock().unwrap();
        for row in &self.written {
            rows.locked.remove(row);
        }
    }
}
