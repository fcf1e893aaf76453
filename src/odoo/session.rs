//! A session: one login, what this Odoo has, and pages of records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use crate::odoo::error::OdooFault;
use crate::odoo::read::fields;
use crate::odoo::read::record::{Record, Unreadable, moment_text};
use crate::odoo::transport::json_rpc::{ReadMethod, Spoken, Transport};

/// An Odoo domain: a list of conditions that all must hold (or Odoo's prefix notation).
pub type Domain = Vec<Value>;

/// The fields of one model.
type Fields = Arc<BTreeSet<String>>;

/// A login with its user id, the server's version and the fields of the models read so far.
pub struct Session {
    transport: Arc<dyn Transport>,
    uid: i64,
    version: String,
    fields: Mutex<BTreeMap<String, Fields>>,
}

/// Some records of one model, in the order of their ids.
#[derive(Clone, Debug)]
pub struct RecordPage<T> {
    /// Those that could be understood.
    pub items: Vec<T>,
    /// How many could not; each was logged with its id.
    pub unreadable: u64,
    /// The greatest id seen: where the next page begins.
    pub last_id: i64,
    /// Whether this was the last page.
    pub is_last: bool,
}

/// A record of one model in our own type.
pub trait FromOdoo: Sized {
    /// Odoo's model.
    const MODEL: &'static str;
    /// The fields to ask for, as far as they exist.
    const FIELDS: &'static [&'static str];

    /// Reads one record.
    ///
    /// # Errors
    /// [`Unreadable`] when a field is not what it should be.
    fn from_odoo(record: &Record) -> Result<Self, Unreadable>;
}

impl Session {
    /// Asks for the version and logs in.
    ///
    /// # Errors
    /// [`OdooFault::AccessDenied`] when login or key are wrong, and whatever else keeps Odoo from answering.
    pub async fn open(transport: Arc<dyn Transport>) -> Result<Self, OdooFault> {
        let version = server_version(&transport.version().await?)?;
        let uid = transport.authenticate().await?;
        tracing::debug!(version, uid, "logged in to Odoo");
        Ok(Self { transport, uid, version, fields: Mutex::default() })
    }

    /// The same login, with everything it knows of this Odoo asked anew.
    ///
    /// # Errors
    /// Whatever keeps Odoo from answering. A login that was withdrawn shows at the next read.
    pub async fn renewed(&self) -> Result<Self, OdooFault> {
        let version = server_version(&self.transport.version().await?)?;
        Ok(Self { transport: Arc::clone(&self.transport), uid: self.uid, version, fields: Mutex::default() })
    }

    /// `server_version`: "19.0", "14.0-20230101".
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Which protocol is spoken, and why.
    #[must_use]
    pub fn spoken(&self) -> Spoken {
        self.transport.spoken()
    }

    /// The id of the user that is logged in.
    #[must_use]
    pub const fn uid(&self) -> i64 {
        self.uid
    }

    /// Whether a company that names another as its parent is a branch of it: from Odoo 17 on. Before, both were companies
    /// of their own. The field is the same, so that the version alone tells; one that says nothing is taken for a new one.
    #[must_use]
    pub fn has_branches(&self) -> bool {
        crate::odoo::transport::auto::major(&self.version).is_none_or(|major| major >= 17)
    }

    /// The names of a model's fields that this user may see. Asked once a session.
    ///
    /// # Errors
    /// [`OdooFault::UnknownModel`] when the model is not there.
    pub async fn fields(&self, model: &str) -> Result<Fields, OdooFault> {
        let mut known = self.fields.lock().await;
        if let Some(fields) = known.get(model) {
            return Ok(Arc::clone(fields));
        }
        let arguments = arguments([("attributes", json!(["type"]))]);
        let Value::Object(described) = self.transport.call(self.uid, model, ReadMethod::FieldsGet, arguments).await?
        else {
            return Err(nonsense(model, "its fields are not an object"));
        };
        let fields: Fields = Arc::new(described.into_iter().map(|(name, _)| name).collect());
        known.insert(model.to_owned(), Arc::clone(&fields));
        Ok(fields)
    }

    /// Whether a model has a field.
    ///
    /// # Errors
    /// As [`Session::fields`].
    pub async fn has_field(&self, model: &str, field: &str) -> Result<bool, OdooFault> {
        Ok(self.fields(model).await?.contains(field))
    }

    /// Up to `limit` records in `order`, archived ones included, with those of `fields` that exist.
    ///
    /// # Errors
    /// Any [`OdooFault`]; [`OdooFault::MissingRights`] names the model.
    pub async fn search_read(
        &self,
        model: &str,
        domain: Domain,
        fields: &[&str],
        order: &str,
        limit: u32,
    ) -> Result<Vec<Record>, OdooFault> {
        let existing = self.fields(model).await?;
        // Asked for no field at all, Odoo would send every one of them.
        let mut asked = fields::available(fields, &existing);
        asked.push("id");
        let arguments = arguments([
            ("domain", Value::Array(domain)),
            ("fields", json!(asked)),
            ("order", json!(order)),
            ("limit", json!(limit)),
            ("context", everything()),
        ]);
        let Value::Array(rows) = self.transport.call(self.uid, model, ReadMethod::SearchRead, arguments).await? else {
            return Err(nonsense(model, "search_read gave no list"));
        };
        let count = rows.len();
        let records: Vec<_> = rows.into_iter().filter_map(Record::new).collect();
        if records.len() < count {
            return Err(nonsense(model, "a record is not an object"));
        }
        Ok(records)
    }

    /// The records of `domain` with an id above `after`, at most `limit` of them, in the order of their ids.
    ///
    /// Paging by id loses nothing when records change or disappear meanwhile, which paging by offset does.
    ///
    /// # Errors
    /// As [`Session::search_read`].
    pub async fn raw_page(
        &self,
        model: &str,
        domain: &Domain,
        fields: &[&str],
        after: i64,
        limit: u32,
    ) -> Result<RecordPage<Record>, OdooFault> {
        let mut domain = domain.clone();
        domain.push(json!(["id", ">", after]));
        let items = self.search_read(model, domain, fields, "id", limit).await?;
        let mut last_id = after;
        for record in &items {
            let id = record.id().map_err(|_| nonsense(model, "a record has no id"))?;
            if id <= last_id {
                return Err(nonsense(model, "a page is not in the order of its ids"));
            }
            last_id = id;
        }
        let is_last = u32::try_from(items.len()).is_ok_and(|count| count < limit);
        Ok(RecordPage { items, unreadable: 0, last_id, is_last })
    }

    /// As [`Session::raw_page`], in our own type. What cannot be understood is logged and counted.
    ///
    /// # Errors
    /// As [`Session::search_read`].
    pub async fn page<T: FromOdoo>(&self, domain: &Domain, after: i64, limit: u32) -> Result<RecordPage<T>, OdooFault> {
        let page = self.raw_page(T::MODEL, domain, T::FIELDS, after, limit).await?;
        let mut items = Vec::with_capacity(page.items.len());
        let mut unreadable = 0;
        for record in &page.items {
            match T::from_odoo(record) {
                Ok(item) => items.push(item),
                Err(problem) => {
                    unreadable += 1;
                    report_unreadable(T::MODEL, record, &problem);
                }
            }
        }
        Ok(RecordPage { items, unreadable, last_id: page.last_id, is_last: page.is_last })
    }

    /// The records with these ids, as far as they exist; archived ones too.
    ///
    /// # Errors
    /// As [`Session::search_read`].
    pub async fn by_ids<T: FromOdoo>(&self, ids: &[i64], page_size: u32) -> Result<Vec<T>, OdooFault> {
        let mut found = Vec::new();
        for ids in ids.chunks(usize::try_from(page_size.max(1)).unwrap_or(usize::MAX)) {
            let domain = vec![json!(["id", "in", ids])];
            found.extend(self.page::<T>(&domain, 0, page_size.max(1)).await?.items);
        }
        Ok(found)
    }

    /// Those of these records that Odoo does not have. A record that a rule hides from the service user is there: a
    /// search finds neither, but reading it is refused.
    ///
    /// # Errors
    /// As [`Session::search_read`].
    pub async fn gone(&self, model: &str, ids: &[i64], page_size: u32) -> Result<Vec<i64>, OdooFault> {
        let page_size = page_size.max(1);
        let mut gone = Vec::new();
        for ids in ids.chunks(usize::try_from(page_size).unwrap_or(usize::MAX)) {
            let seen = self.raw_page(model, &vec![json!(["id", "in", ids])], &[], 0, page_size).await?;
            let seen: BTreeSet<i64> = seen.items.iter().filter_map(|record| record.id().ok()).collect();
            let mut unseen = vec![ids.iter().copied().filter(|id| !seen.contains(id)).collect::<Vec<_>>()];
            while let Some(some) = unseen.pop() {
                if some.is_empty() {
                    continue;
                }
                match self.read_ids(model, &some).await {
                    Ok(there) => gone.extend(some.into_iter().filter(|id| !there.contains(id))),
                    // One hidden record has all refused that are asked for beside it.
                    Err(OdooFault::MissingRights { .. } | OdooFault::Missing { .. }) if some.len() > 1 => {
                        let (one, other) = some.split_at(some.len() / 2);
                        unseen.extend([one.to_vec(), other.to_vec()]);
                    }
                    Err(OdooFault::MissingRights { .. }) => {}
                    Err(OdooFault::Missing { .. }) => gone.extend(some),
                    Err(fault) => return Err(fault),
                }
            }
        }
        gone.sort_unstable();
        Ok(gone)
    }

    async fn read_ids(&self, model: &str, ids: &[i64]) -> Result<BTreeSet<i64>, OdooFault> {
        // A field of the database's: for the id alone Odoo 19 looks nowhere, and answers also for what is gone.
        let fields = json!(["write_date"]);
        let arguments = arguments([("ids", json!(ids)), ("fields", fields), ("context", everything())]);
        let Value::Array(rows) = self.transport.call(self.uid, model, ReadMethod::Read, arguments).await? else {
            return Err(nonsense(model, "read gave no list"));
        };
        Ok(rows.iter().filter_map(|row| row.get("id")?.as_i64()).collect())
    }

    /// What time it is for Odoo; `None` while its answers do not say.
    #[must_use]
    pub fn server_now(&self) -> Option<DateTime<Utc>> {
        self.transport.server_now()
    }

    /// The newest visible `write_date` of a model, in Odoo's own clock and whole seconds; of those up to `until`, if that
    /// is given; `None` without records.
    ///
    /// # Errors
    /// As [`Session::search_read`].
    pub async fn newest(&self, model: &str, until: Option<DateTime<Utc>>) -> Result<Option<DateTime<Utc>>, OdooFault> {
        // Rows made by raw SQL have no write_date, and PostgreSQL would sort them first.
        let mut domain = vec![json!(["write_date", "!=", false])];
        domain.extend(until.map(|until| json!(["write_date", "<=", moment_text(until)])));
        let newest = self.search_read(model, domain, &["write_date"], "write_date desc", 1).await?;
        let Some(record) = newest.first() else { return Ok(None) };
        record.moment("write_date").map_err(|_| nonsense(model, "its write_date is no moment"))
    }

    /// How many records of `domain` there are, archived ones included.
    ///
    /// # Errors
    /// As [`Session::search_read`].
    pub async fn count(&self, model: &str, domain: &Domain) -> Result<u64, OdooFault> {
        let arguments = arguments([("domain", json!(domain)), ("context", everything())]);
        let count = self.transport.call(self.uid, model, ReadMethod::SearchCount, arguments).await?;
        count.as_u64().ok_or_else(|| nonsense(model, "search_count gave no number"))
    }
}

/// Logs a record that is skipped, and counts it: nothing is skipped silently.
pub(super) fn report_unreadable(model: &'static str, record: &Record, problem: &Unreadable) {
    tracing::warn!(model, id = record.id().unwrap_or_default(), %problem, "a record of Odoo cannot be understood");
    metrics::counter!("loyalty_odoo_unreadable_records_total", "model" => model).increment(1);
}

/// Archived records too. Companies are not named: without `allowed_company_ids` Odoo takes all the user's.
fn everything() -> Value {
    json!({"active_test": false})
}

fn arguments<const N: usize>(named: [(&str, Value); N]) -> Map<String, Value> {
    named.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub(super) fn nonsense(model: &str, detail: &str) -> OdooFault {
    OdooFault::Nonsense { model: model.to_owned(), detail: detail.to_owned() }
}

fn server_version(answer: &Value) -> Result<String, OdooFault> {
    answer
        .get("server_version")
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| nonsense("its version", "there is no server_version in it"))
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
