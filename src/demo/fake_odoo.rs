//! The records of the sample shop, and a clock that only moves when told to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::domain::Precision;
#[cfg(feature = "fault-injection")]
use super::fault::TestHooks;
use super::model::{FieldKind, Model, odoo_19};

mod search;

pub(super) use search::SearchRequest;

/// The database's name.
pub const DATABASE: &str = "demo";
/// The service user's login.
pub const LOGIN: &str = "loyalty";
/// Its key.
pub const KEY: &str = "demo-key";
/// Its id.
pub const UID: i64 = 7;

/// The shop; cheap to clone, all clones are one.
#[derive(Clone)]
pub struct FakeOdoo(Arc<RwLock<OdooDatabase>>);

pub(super) struct OdooDatabase {
    pub models: BTreeMap<String, Model>,
    pub key: String,
    /// Whose key it is.
    pub key_uid: i64,
    pub version: String,
    /// Whether a proxy keeps `/json/2` back.
    pub hides_json2: bool,
    pub denied: Vec<String>,
    /// Records that a rule hides from the service user, by model and id.
    hidden: BTreeSet<(String, i64)>,
    clock: DateTime<Utc>,
    precision: Precision,
    #[cfg(feature = "fault-injection")]
    pub hooks: TestHooks,
}

/// A change of one record. [`FakeOdoo::commit`] makes several of them visible at once.
#[derive(Clone, Debug)]
pub enum Change {
    /// A new record of a model, as [`FakeOdoo::insert`] takes it.
    Insert(String, Value),
    /// Other values for fields of a record, as [`FakeOdoo::update_silently`] takes them; `write_date` is one of them.
    Write(String, i64, Value),
    /// A record that goes without a trace.
    Delete(String, i64),
}

impl Default for FakeOdoo {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeOdoo {
    /// An Odoo 19 without a single record but its user's.
    #[must_use]
    pub fn new() -> Self {
        let shop = Self(Arc::new(RwLock::new(OdooDatabase {
            models: odoo_19(),
            key: KEY.to_owned(),
            key_uid: UID,
            version: "19.0".to_owned(),
            hides_json2: false,
            denied: Vec::new(),
            hidden: BTreeSet::new(),
            clock: DateTime::UNIX_EPOCH,
            precision: Precision::Microseconds,
            #[cfg(feature = "fault-injection")]
            hooks: TestHooks::default(),
        })));
        shop.insert("res.users", json!({"id": UID, "name": "Loyalty sidecar", "login": LOGIN}));
        shop
    }

    pub(super) fn database(&self) -> RwLockReadGuard<'_, OdooDatabase> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn edit(&self) -> RwLockWriteGuard<'_, OdooDatabase> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the shop's clock, which gives every `write_date`.
    pub fn set_clock(&self, now: DateTime<Utc>) {
        self.edit().clock = now;
    }

    /// Moves the shop's clock on.
    pub fn advance(&self, by: Duration) {
        let mut database = self.edit();
        database.clock += TimeDelta::from_std(by).unwrap_or_default();
    }

    /// What the shop's clock shows.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.database().clock
    }

    /// Compares moments in search domains by whole seconds, as new versions of Odoo do: `>` then skips the rest of a
    /// second. Old versions compare the microseconds that the database keeps, so that `>` finds the same second again.
    pub fn compare_whole_seconds(&self) {
        self.edit().precision = Precision::Seconds;
    }

    /// Makes a record; its id. `id` and `write_date` are taken from `values` when they are there.
    ///
    /// Links are given as ids, moments as `YYYY-MM-DD HH:MM:SS` with or without microseconds.
    #[expect(clippy::must_use_candidate, reason = "the record is what it is called for")]
    pub fn insert(&self, model: &str, values: Value) -> i64 {
        self.edit().insert(model, values)
    }

    /// Changes fields of a record, and its `write_date` to the clock.
    pub fn update(&self, model: &str, id: i64, values: Value) {
        let mut database = self.edit();
        let clock = kept_moment(database.clock);
        database.write(model, id, json!({"write_date": clock}));
        database.write(model, id, values);
    }

    /// Changes fields of a record as raw SQL does: without touching its `write_date`.
    pub fn update_silently(&self, model: &str, id: i64, values: Value) {
        self.edit().write(model, id, values);
    }

    /// Deletes a record, without a trace.
    pub fn delete(&self, model: &str, id: i64) {
        self.edit().delete(model, id);
    }

    /// Takes the next id of a model, as a sequence gives it: to one caller only, whatever becomes of the record.
    #[must_use]
    pub fn reserve(&self, model: &str) -> i64 {
        let mut database = self.edit();
        let model = database.models.entry(model.to_owned()).or_default();
        let id = model.next_id;
        model.next_id += 1;
        id
    }

    /// Makes changes visible, all at once: no call is answered between two of them.
    pub fn commit(&self, changes: impl IntoIterator<Item = Change>) {
        let mut database = self.edit();
        for change in changes {
            match change {
                Change::Insert(model, values) => {
                    database.insert(&model, values);
                }
                Change::Write(model, id, values) => database.write(&model, id, values),
                Change::Delete(model, id) => database.delete(&model, id),
            }
        }
    }

    /// A field of a record as it is kept, whatever was or was not committed beside it.
    #[must_use]
    pub fn kept(&self, model: &str, id: i64, field: &str) -> Option<Value> {
        self.database().models.get(model)?.records.get(&id)?.get(field).cloned()
    }

    /// The ids of a model's records.
    #[must_use]
    pub fn ids(&self, model: &str) -> Vec<i64> {
        self.database().models.get(model).map(|model| model.records.keys().copied().collect()).unwrap_or_default()
    }

    /// Takes a field away, as in a version or database that does not have it.
    pub fn remove_field(&self, model: &str, field: &str) {
        if let Some(model) = self.edit().models.get_mut(model) {
            model.fields.remove(field);
        }
    }

    /// Adds a field of many2one kind, as another version has it.
    pub fn add_link_field(&self, model: &str, field: &str, target: &'static str) {
        if let Some(model) = self.edit().models.get_mut(model) {
            model.fields.insert(field.to_owned(), FieldKind::One(target));
        }
    }

    /// Takes a model away, as without the module that brings it.
    pub fn remove_model(&self, model: &str) {
        self.edit().models.remove(model);
    }

    /// Changes who may log in, and with what.
    pub fn set_credentials(&self, login: &str, key: &str) {
        let mut database = self.edit();
        let uid = database.key_uid;
        database.write("res.users", uid, json!({"login": login}));
        key.clone_into(&mut database.key);
    }

    /// Has the key be another user's, of this login; the user's id.
    #[expect(clippy::must_use_candidate, reason = "the user is what it is called for")]
    pub fn give_key_to(&self, login: &str) -> i64 {
        let uid = self.insert("res.users", json!({"name": login, "login": login}));
        self.edit().key_uid = uid;
        uid
    }

    /// Keeps JSON-2 back, as a proxy does that passes `/jsonrpc` alone.
    pub fn hide_json2(&self) {
        self.edit().hides_json2 = true;
    }

    /// Changes the version that is told.
    pub fn set_version(&self, version: &str) {
        version.clone_into(&mut self.edit().version);
    }

    /// Takes the right to read a model away; `None` gives all rights back.
    pub fn deny(&self, model: Option<&str>) {
        let denied = &mut self.edit().denied;
        match model {
            Some(model) => denied.push(model.to_owned()),
            None => denied.clear(),
        }
    }

    /// Hides a record from the service user, as a record rule of a company does; `false` shows it again.
    pub fn hide(&self, model: &str, id: i64, hidden: bool) {
        let key = (model.to_owned(), id);
        let records = &mut self.edit().hidden;
        if hidden {
            records.insert(key);
        } else {
            records.remove(&key);
        }
    }

    /// How many records a model has.
    #[must_use]
    pub fn count(&self, model: &str) -> usize {
        self.database().models.get(model).map_or(0, |model| model.records.len())
    }
}

impl OdooDatabase {
    fn insert(&mut self, model: &str, values: Value) -> i64 {
        let clock = kept_moment(self.clock);
        let model = self.models.entry(model.to_owned()).or_default();
        let mut record = match values {
            Value::Object(record) => record,
            _ => Map::new(),
        };
        let id = record.get("id").and_then(Value::as_i64).unwrap_or(model.next_id);
        model.next_id = model.next_id.max(id + 1);
        record.insert("id".to_owned(), json!(id));
        record.entry("write_date").or_insert(json!(clock));
        if model.fields.contains_key("active") {
            record.entry("active").or_insert(json!(true));
        }
        model.put(id, record);
        id
    }

    fn write(&mut self, model: &str, id: i64, values: Value) {
        if let (Some(model), Value::Object(values)) = (self.models.get_mut(model), values)
            && let Some(mut record) = model.remove(id)
        {
            record.extend(values);
            model.put(id, record);
        }
    }

    fn delete(&mut self, model: &str, id: i64) {
        if let Some(model) = self.models.get_mut(model) {
            model.remove(id);
        }
    }

    /// The user whose key this is, and its login.
    pub fn user_of(&self, key: &str) -> Option<(i64, String)> {
        let user = self.models.get("res.users")?.records.get(&self.key_uid)?;
        let login = user.get("login").and_then(Value::as_str)?;
        (key == self.key).then(|| (self.key_uid, login.to_owned()))
    }

    /// Whether a rule hides a record that exists.
    pub fn is_hidden(&self, name: &str, id: i64) -> bool {
        self.hidden.contains(&(name.to_owned(), id))
            && self.models.get(name).is_some_and(|model| model.records.contains_key(&id))
    }
}

/// As the database keeps a moment: with microseconds.
#[must_use]
pub fn kept_moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S%.6f").to_string()
}
