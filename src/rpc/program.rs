//! `program.*`: the rules by which points are earned and spent.

use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use serde::Deserialize;
use serde_json::{Value, json};

use super::params::{Instant, Nothing, Text};
use super::{Api, Fault, register};
use crate::domain::program::Program;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Put {
    program: Value,
    effective_from: Option<Instant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Get {
    code: Text<200>,
    version: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    code: Text<200>,
}

pub(super) fn register_all(module: &mut RpcModule<Api>) -> Result<(), RegisterMethodError> {
    register(module, "program.put", |api, caller, params: Put| async move {
        if params.program.is_null() {
            return Err(Fault::parameter("program", "this parameter is required"));
        }
        let program = Program::from_json(&params.program)?;
        let put = api.ledger.put_program(program, params.effective_from.map(|at| at.0), &caller.name).await?;
        Ok(json!({"code": put.code, "version": put.version}))
    })?;
    register(module, "program.list", |api, _caller, _: Nothing| async move { Ok(api.ledger.list_programs().await?) })?;
    register(module, "program.get", |api, _caller, params: Get| async move {
        Ok(api.ledger.get_program(&params.code.0, params.version).await?)
    })?;
    register(module, "program.archive", |api, _caller, params: Named| async move {
        Ok(api.ledger.archive_program(&params.code.0).await?)
    })
}
