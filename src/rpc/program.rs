//! `program.*`: the rules by which points are earned and spent.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::params::{Instant, Nothing, Text};
use super::{Api, Caller, Fault, Reply};
use crate::domain::program::Program;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Put {
    program: Value,
    effective_from: Option<Instant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Get {
    code: Text<200>,
    version: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    code: Text<200>,
}

pub(super) async fn put(api: Arc<Api>, caller: Caller, params: Put) -> Reply {
    if params.program.is_null() {
        return Err(Fault::parameter("program", "this parameter is required"));
    }
    let program = Program::from_json(&params.program)?;
    let put = api.ledger.put_program(program, params.effective_from.map(|at| at.0), &caller.actor()).await?;
    Ok(json!({"code": put.code, "version": put.version}))
}

pub(super) async fn list(api: Arc<Api>, _caller: Caller, _: Nothing) -> Reply {
    Ok(api.ledger.list_programs().await?)
}

pub(super) async fn get(api: Arc<Api>, _caller: Caller, params: Get) -> Reply {
    Ok(api.ledger.get_program(&params.code.0, params.version).await?)
}

pub(super) async fn archive(api: Arc<Api>, caller: Caller, params: Named) -> Reply {
    Ok(api.ledger.archive_program(&params.code.0, &caller.actor()).await?)
}
