//! `demo`: everything at once, with nothing installed. The sample shop is read by the same code as any Odoo.

use std::net::{Ipv4Addr, SocketAddr};

use serde_json::json;

use super::{Failure, Outcome, serve::stop_signal};
use crate::app::{Application, StartError};
use crate::auth::token::{self, Role};
use crate::config::{LogFormat, LogSettings, Settings};
use crate::demo;
use crate::domain::ledger::entry::COMMAND_LINE;
use crate::domain::program::Program;
use crate::odoo::OdooSettings;
use crate::store::{self, DatabaseUrl, Pool};
use crate::telemetry;

pub(super) async fn run(port: u16) -> Outcome {
    telemetry::start_logging(&LogSettings { format: LogFormat::Pretty, level: "warn".to_owned() });
    let folder = temporary_folder()?;
    let shop = demo::start(chrono::Utc::now())
        .map_err(|problem| Failure::Other(format!("the sample shop cannot listen on 127.0.0.1: {problem}")))?;
    let url = url::Url::parse(&shop.url).map_err(|problem| Failure::Other(problem.to_string()))?;
    let settings = Settings {
        database_url: DatabaseUrl::Sqlite(folder.0.join("loyalty.db")),
        bind: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        metrics_public: true,
        rate_limit: None,
        odoo: Some(OdooSettings::new(url, &shop.database, &shop.login, shop.api_key.clone().into())),
        replies_kept: None,
        log: LogSettings { format: LogFormat::Pretty, level: "warn".to_owned() },
        ..Settings::built_in()?
    };
    let secret = first_token(&settings.database_url).await?;
    let application = Application::build(settings, telemetry::start_metrics()).map_err(|problem| match problem {
        StartError::Bind { problem, .. } => {
            Failure::Other(format!("port {port} cannot be listened on ({problem}); --port 0 picks a free one"))
        }
        other => other.into(),
    })?;
    let program = Program::from_json(&shop.program)?;
    application.ledger().programs().put(program, None, COMMAND_LINE).await?;
    eprintln!("reading the sample shop …");
    if let Some(sync) = application.sync_handle() {
        let report = sync.run(true).await?;
        eprintln!("{} orders read, {} entries posted", report.orders_read, report.entries_posted);
    }
    let base = format!("http://{}", application.address());
    let customers = shop.customers.clone();
    let signal = stop_signal()?;
    application.run_until_stopped(signal, || invite(&base, &secret, &customers)).await?;
    shop.server.stop().await;
    drop(folder);
    Ok(true)
}

/// A token of the new database: no service starts without one.
async fn first_token(url: &DatabaseUrl) -> Result<String, Failure> {
    let pool = Pool::open(url.clone(), 1)?;
    store::connection::migrate::migrate(&mut *pool.get()?)?;
    token::create(&pool, Role::Admin, "demo").await.map_err(|problem| Failure::Other(problem.to_string()))
}

/// A folder that goes with the demo.
struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays is in the system's temporary folder and goes with it.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn temporary_folder() -> Result<Folder, Failure> {
    let path = std::env::temp_dir().join(format!("loyalty-sidecar-demo-{}", uuid::Uuid::now_v7().simple()));
    std::fs::create_dir(&path)
        .map_err(|problem| Failure::Other(format!("{} cannot be made: {problem}", path.display())))?;
    Ok(Folder(path))
}

fn invite(base: &str, secret: &str, customers: &[(i64, String)]) {
    let (id, name) = customers.first().map_or((1, "the first customer"), |(id, name)| (*id, name.as_str()));
    let call = |method: &str, params: serde_json::Value| {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        format!("curl -s {base}/jsonrpc -H \"Authorization: Bearer $TOKEN\" -d '{body}'")
    };
    let draft = json!({
        "uuid": uuid::Uuid::now_v7().to_string(), "company_id": 1, "currency": "USD", "partner_id": id,
        "lines": [{"product_id": 1, "qty": "1", "price_subtotal": "40.00", "price_subtotal_incl": "40.00"}],
    });
    println!(
        "listening on {base}\n\n\
         TOKEN={secret}\n\n\
         Three things to try in another terminal, after setting TOKEN as above:\n\n\
         1. The points of {name}\n   {}\n\n\
         2. What an order of 40.00 would earn {name}, and which rewards it could have\n   {}\n\n\
         3. The documents behind each point\n   {}\n\n\
         Ctrl-C ends the demo and removes its database.",
        call("loyalty.balance", json!({"partner_ids": [id]})),
        call("loyalty.quote", json!({"order": draft})),
        call("loyalty.history", json!({"partner_id": id, "limit": 5})),
    );
}
