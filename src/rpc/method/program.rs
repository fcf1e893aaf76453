//! `program.*`: the rules by which points are earned and spent.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::program::{Program, Section, describe};
use crate::rpc::param::types::{Instant, Nothing, Text};
use crate::rpc::{Api, Caller, Fault, Reply};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct Put {
    program: Value,
    effective_from: Option<Instant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct Get {
    code: Text<200>,
    version: Option<i64>,
    #[serde(default)]
    describe: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct Named {
    code: Text<200>,
}

pub(in crate::rpc) async fn put(api: Arc<Api>, caller: Caller, params: Put) -> Reply {
    if params.program.is_null() {
        return Err(Fault::parameter("program", "this parameter is required"));
    }
    let program = Program::from_json(&params.program)?;
    let put = api.ledger.put_program(program, params.effective_from.map(|at| at.0), &caller.actor()).await?;
    Ok(json!({"code": put.code, "version": put.version}))
}

pub(in crate::rpc) async fn list(api: Arc<Api>, _caller: Caller, _: Nothing) -> Reply {
    Ok(api.ledger.list_programs().await?)
}

pub(in crate::rpc) async fn get(api: Arc<Api>, _caller: Caller, params: Get) -> Reply {
    let mut found = api.ledger.get_program(&params.code.0, params.version).await?;
    if params.describe
        && let Some(answer) = found.as_object_mut()
    {
        let sections = answer.get("program").map(described).unwrap_or_default();
        answer.insert("description".into(), json!(sections));
    }
    Ok(found)
}

/// A document in words; nothing of one that cannot be read, whose `problem` says why, or whose numbers are too large.
fn described(document: &Value) -> Vec<Section> {
    Program::from_json(document).ok().and_then(|program| describe(&program).ok()).unwrap_or_default()
}

pub(in crate::rpc) async fn archive(api: Arc<Api>, caller: Caller, params: Named) -> Reply {
    Ok(api.ledger.archive_program(&params.code.0, &caller.actor()).await?)
}
