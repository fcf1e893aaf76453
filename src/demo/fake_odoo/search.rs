//! Searches and reads, as Odoo answers them.

use serde_json::{Map, Value, json};

use super::OdooDatabase;
use crate::demo::domain::{DomainFilter, Scalar};
use crate::demo::model::{INDEXED, Model, wire};

/// What a search asks for.
pub(in crate::demo) struct SearchRequest<'a> {
    pub domain: &'a Value,
    pub order: &'a str,
    pub limit: usize,
    pub offset: usize,
    pub active_test: bool,
}

impl OdooDatabase {
    /// The ids that a search finds, in its order.
    pub fn search(&self, name: &str, search: &SearchRequest<'_>) -> Result<Vec<i64>, String> {
        let Some(model) = self.models.get(name) else { return Err(format!("Object {name} doesn't exist")) };
        let domain = DomainFilter::read(search.domain, model, name, self.precision)?;
        let hide_archived = search.active_test && model.fields.contains_key("active");
        let limit = if search.limit == 0 { usize::MAX } else { search.limit };
        let first = domain.after().map_or(i64::MIN, |id| id.saturating_add(1));
        let naming = |link| match domain.among(link) {
            Some(named) => Some(model.naming(link, &named)),
            None => Some(model.naming_within(link, domain.range(link)?)),
        };
        let named = INDEXED.into_iter().find_map(naming);
        let candidates: Box<dyn Iterator<Item = (&i64, &Map<String, Value>)>> =
            match named.or_else(|| domain.among("id")) {
                Some(ids) => Box::new(ids.into_iter().filter_map(|id| model.records.get_key_value(&id))),
                None => Box::new(model.records.range(first..)),
            };
        let matching = candidates
            .filter(|(id, _)| !self.is_hidden(name, **id))
            .filter(|(_, record)| !hide_archived || record.get("active") != Some(&Value::Bool(false)))
            .filter(|(_, record)| domain.holds(record))
            .map(|(id, record)| (*id, record));
        if search.order == "id" {
            return Ok(matching.map(|(id, _)| id).skip(search.offset).take(limit).collect());
        }
        let mut found: Vec<(i64, &Map<String, Value>)> = matching.collect();
        for term in search.order.rsplit(',') {
            let mut words = term.split_whitespace();
            let field = words.next().unwrap_or("id");
            let descends = words.next() == Some("desc");
            if !model.fields.contains_key(field) {
                return Err(format!("Invalid field {field:?} on {name:?}"));
            }
            found.sort_by_cached_key(|(_, record)| {
                // PostgreSQL puts what is empty last, and first when descending.
                let value = Scalar::of(Model::kept(record, field).unwrap_or(&Value::Null));
                (value == Scalar::Empty, value)
            });
            if descends {
                found.reverse();
            }
        }
        Ok(found.into_iter().map(|(id, _)| id).skip(search.offset).take(limit).collect())
    }

    /// Records on the wire; all fields when none are named, `id` always.
    pub fn read(&self, name: &str, ids: &[i64], fields: &[String]) -> Result<Value, String> {
        let Some(model) = self.models.get(name) else { return Err(format!("Object {name} doesn't exist")) };
        if let Some(unknown) = fields.iter().find(|field| !model.fields.contains_key(*field)) {
            return Err(format!("Invalid field '{unknown}' on '{name}'"));
        }
        let all: Vec<String> = model.fields.keys().cloned().collect();
        let fields = if fields.is_empty() { &all } else { fields };
        let mut rows = Vec::with_capacity(ids.len());
        for (id, record) in ids.iter().filter_map(|id| Some((id, model.records.get(id)?))) {
            let mut row = Map::new();
            row.insert("id".to_owned(), json!(id));
            for field in fields {
                row.insert(field.clone(), wire(&self.models, model, record, field));
            }
            rows.push(Value::Object(row));
        }
        Ok(Value::Array(rows))
    }
}
