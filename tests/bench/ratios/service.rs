//! The real program on a database with members that have points to spend.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use loyalty_sidecar::domain::decide::Correction;
use loyalty_sidecar::domain::ids::{CompanyId, PartnerId, PosConfigId, ProductId};
use loyalty_sidecar::domain::money::Currency;
use loyalty_sidecar::domain::order::Wallet;
use loyalty_sidecar::domain::points::Points;
use loyalty_sidecar::domain::program::Program;
use loyalty_sidecar::domain::shop::{Partner, PosConfig, Product, ShopRecords};
use loyalty_sidecar::ledger::{Command as Change, Idempotency, Ledger, Options, Writers};
use loyalty_sidecar::rpc::{Role, token};
use loyalty_sidecar::store::connection::DatabaseUrl;
use loyalty_sidecar::store::{Pool, migrate};
use serde_json::json;

use super::load::Target;

/// The program of every benchmark: a reward for 100 points.
pub fn club() -> Program {
    let document = json!({
        "code": "club", "name": "Club", "currency": "USD",
        "earning": {"rules": [{"code": "base", "kind": "per_amount", "every": "10.00", "points": "10"}]},
        "rewards": [{"code": "5off", "name": "5 off", "kind": "discount_amount", "points": "100", "amount": "5.00"}],
    });
    Program::from_json(&document).unwrap()
}

/// A ledger of this process on a database, migrated.
pub fn ledger(url: &str) -> (Ledger, Writers) {
    let url = DatabaseUrl::parse(url).unwrap();
    let pool = Pool::open(url.clone(), 4).unwrap();
    migrate::migrate(&mut pool.get().unwrap()).unwrap();
    Ledger::start(pool, Options::for_database(&url, Wallet::default())).unwrap()
}

/// A shop, the program, and so many members with points for ever; a till's token.
pub fn fill(url: &str, members: u64) -> String {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let (ledger, writers) = ledger(url);
    let made = runtime.block_on(async {
        let partner = |id: u64| Partner {
            id: PartnerId(id as i64),
            name: format!("Customer {id}"),
            commercial_partner_id: PartnerId(id as i64),
            company_id: None,
            active: true,
            tag_ids: Default::default(),
        };
        ledger.put_shop(shop_records((1..=members).map(partner).collect())).await.unwrap();
        ledger.put_program(club(), None, "bench").await.unwrap();
        let ledger = Arc::new(ledger);
        let ids: Vec<u64> = (1..=members).collect();
        for some in ids.chunks(1000) {
            let gifts: Vec<_> = some.iter().map(|id| tokio::spawn(give(Arc::clone(&ledger), *id))).collect();
            for gift in gifts {
                gift.await.unwrap();
            }
        }
        token::create(ledger.pool(), Role::Pos, "bench").await.unwrap()
    });
    drop(runtime);
    writers.join();
    made
}

async fn give(ledger: Arc<Ledger>, member: u64) {
    let correction = Correction {
        points: Points::from_e2(90_000_000_000),
        reason: "bench".to_owned(),
        on_behalf_of: None,
        cause: None,
        expiry: None,
    };
    let change = Change::Adjust {
        idempotency: Idempotency { key: format!("fill-{member}"), params_sha256: String::new() },
        partner_id: PartnerId(member as i64),
        program: "club".to_owned(),
        correction,
        actor: "bench".to_owned(),
    };
    ledger.reply(change).await.unwrap();
}

/// The shop that the drafts are of.
fn shop_records(partners: Vec<Partner>) -> ShopRecords {
    ShopRecords {
        partners,
        products: vec![Product {
            id: ProductId(1),
            name: "Desk".to_owned(),
            product_category_id: None,
            pos_category_ids: Default::default(),
            active: true,
            tag_ids: Default::default(),
        }],
        pos_configs: vec![PosConfig {
            id: PosConfigId(1),
            name: "Shop".to_owned(),
            company_id: CompanyId(1),
            currency: "USD".to_owned(),
            tip_product_id: None,
            neutral_product_ids: Default::default(),
            active: true,
        }],
        currencies: vec![Currency { code: "USD".to_owned(), decimals: 2 }],
        ..ShopRecords::default()
    }
}

/// The program that is measured: `LOYALTY_SIDECAR_BIN`, or the one built with this benchmark.
pub fn program() -> String {
    std::env::var("LOYALTY_SIDECAR_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_loyalty-sidecar").to_owned())
}

/// A running service, stopped when this is dropped.
pub struct Service {
    child: Child,
    pub target: Target,
}

impl Service {
    /// Starts the release program on a database that was filled.
    pub fn start(database: &str, folder: &Path, token: &str, members: u64, environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(program());
        for (name, _) in std::env::vars() {
            if name.starts_with("LOYALTY__") {
                command.env_remove(name);
            }
        }
        command
            .current_dir(folder)
            .env("LOYALTY__DATABASE__URL", database)
            .env("LOYALTY__HTTP__BIND", "127.0.0.1:0")
            .env("LOYALTY__HTTP__METRICS_PUBLIC", "true")
            .env("LOYALTY__HTTP__RATE_LIMIT_PER_SECOND", "0")
            .env("LOYALTY__LOG__LEVEL", "warn")
            .envs(environment.iter().copied())
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim_end().strip_prefix("listening on ").expect("the service answers");
        let address = url.trim_start_matches("http://").parse().unwrap();
        Self { child, target: Target { address, token: token.to_owned(), members } }
    }

    /// A figure of its metrics; 0 while it is not there.
    pub fn metric(&self, name: &str) -> f64 {
        let mut stream = std::net::TcpStream::connect(self.target.address).unwrap();
        let request = "GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
        std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut stream, &mut text).unwrap();
        let found = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        found.unwrap_or(0.0)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder on the disk that is measured: `LOYALTY_BENCH_FOLDER`, or the build's own. Not the temporary one, which
/// may be memory.
pub fn folder() -> tempfile::TempDir {
    let parent = std::env::var("LOYALTY_BENCH_FOLDER").unwrap_or_else(|_| env!("CARGO_TARGET_TMPDIR").to_owned());
    tempfile::Builder::new().prefix("bench-").tempdir_in(parent).unwrap()
}
