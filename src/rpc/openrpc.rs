//! `rpc.discover`: the OpenRPC document, made of the method table, the error table and the schemas.

use serde_json::{Map, Value, json};

use super::error::ERRORS;
use crate::rpc::param::schema;
use crate::rpc::registry::{COMMON_ERRORS, Method, Name, Param};

/// The document; the same at each call.
pub(super) fn document() -> Value {
    let errors: Map<String, Value> = ERRORS
        .iter()
        .map(|row| {
            let shown = json!({"code": row.code, "message": row.sentence, "data": {"kind": row.kind}});
            (row.kind.to_owned(), shown)
        })
        .collect();
    json!({
        "openrpc": "1.3.2",
        "info": {
            "title": "loyalty-sidecar",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Loyalty points beside an Odoo point of sale. POST /jsonrpc with \
                `Authorization: Bearer lsk_…`; a method's `x-role` is the least role its token must have. \
                Decimals are strings on output. Unknown parameters are refused. A token that calls more often than the \
                service's settings allow gets HTTP 429, Retry-After and the error `unavailable`, with `reason` \
                rate_limited; nothing was done then.",
            "license": {"name": env!("CARGO_PKG_LICENSE")},
        },
        "methods": Name::ALL.iter().map(|name| method(name.row())).collect::<Vec<_>>(),
        "components": {"schemas": schema::all(), "errors": errors},
    })
}

fn method(method: &Method) -> Value {
    let errors: Vec<Value> = method
        .errors
        .iter()
        .chain(COMMON_ERRORS)
        .map(|kind| json!({"$ref": format!("#/components/errors/{kind}")}))
        .collect();
    json!({
        "name": method.name,
        "summary": method.summary,
        "x-role": method.role.as_str(),
        "paramStructure": "by-name",
        "params": method.params.iter().map(param).collect::<Vec<_>>(),
        "result": {"name": "result", "schema": schema::reference(method.result)},
        "errors": errors,
    })
}

fn param(param: &Param) -> Value {
    json!({
        "name": param.name,
        "description": param.meaning,
        "required": param.required,
        "schema": schema::reference(param.schema),
    })
}
