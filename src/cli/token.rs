//! `token create|list|revoke`

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::opening::Opening;
use super::{Failure, Outcome, print};
use crate::auth::token::{self, Role};
use crate::config::Settings;
use crate::domain::value::as_text::time;
use crate::domain::value::text::one_line;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum RoleName {
    /// For Odoo's addon: quotes, holds, captures, balances and history
    Pos,
    /// Also programs, explanations, exceptions, status and metrics; changes nothing
    Viewer,
    /// Also corrections of points and resolving exceptions: a second token of the addon, for users of the manager group
    Manager,
    /// Everything
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Pos => Self::Pos,
            RoleName::Viewer => Self::Viewer,
            RoleName::Manager => Self::Manager,
            RoleName::Admin => Self::Admin,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum TokenVerb {
    /// Make a token and print it; it is shown this once
    Create {
        /// What it may do
        #[arg(long)]
        role: RoleName,
        /// What people call it, such as "till 1": entries name it, so no two tokens that are accepted have one name
        #[arg(long)]
        name: String,
    },
    /// List all tokens, without their secrets
    List,
    /// Refuse a token from now on
    Revoke {
        /// Its public prefix, as `token list` shows it
        prefix: String,
    },
}

pub(super) async fn run(settings: &Settings, opening: Opening, verb: TokenVerb, as_json: bool) -> Outcome {
    let pool = opening.pool(settings)?;
    let other = |problem: token::TokenError| Failure::Other(problem.to_string());
    match verb {
        TokenVerb::Create { role, name } => {
            let secret = token::create(&pool, role.into(), &name).await.map_err(other)?;
            print(as_json, &json!({"token": secret, "name": name}), || secret.clone());
        }
        TokenVerb::List => {
            let rows = token::list(&pool).await?;
            let mut lines: Vec<String> = Vec::new();
            for row in &rows {
                let state = row.revoked_at.map_or_else(|| "valid".to_owned(), |at| format!("revoked {}", time(at)));
                let made = time(row.created_at);
                let name = one_line(&row.name);
                lines.push(format!("{}  {:<7}  {name}  made {made}  {state}", row.prefix, row.role));
            }
            let listed: Vec<Value> = rows
                .iter()
                .map(|row| {
                    json!({
                        "prefix": row.prefix, "role": row.role, "name": row.name,
                        "created_at": time(row.created_at), "revoked_at": row.revoked_at.map(time),
                    })
                })
                .collect();
            print(as_json, &json!({ "tokens": listed }), || {
                if lines.is_empty() {
                    "there are no tokens yet; make one with `loyalty-sidecar token create --role viewer --name odoo`"
                        .into()
                } else {
                    lines.join("\n")
                }
            });
        }
        TokenVerb::Revoke { prefix } => {
            if !token::revoke(&pool, &prefix).await? {
                return Err(Failure::Other(format!(
                    "there is no token {prefix}; `loyalty-sidecar token list` shows all"
                )));
            }
            print(as_json, &json!({"revoked": true}), || "it is refused within a second, everywhere".to_owned());
        }
    }
    Ok(true)
}
