//! `import odoo-loyalty|csv`

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::opening::Opening;
use super::{Failure, LocalLedger, Outcome, print, say};
use crate::app;
use crate::config::Settings;
use crate::import::{ImportError, ImportReport, cards, file, lines};
use crate::ledger::Ledger;
use crate::odoo::Link;

#[derive(Debug, Subcommand)]
pub(super) enum ImportVerb {
    /// Carry over the points of Odoo's own loyalty cards (module `loyalty`); again posts only what changed
    OdooLoyalty {
        /// The program here that the points go into
        #[arg(long, value_name = "CODE")]
        program: String,
        /// Odoo's loyalty program, by its id, where it has several
        #[arg(long, value_name = "ID")]
        odoo_program: Option<i64>,
        /// Say what would be done, and post nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Carry over points from a file: `partner_id,points[,expires_on][,reference][,reason]`; again posts only what
    /// changed
    Csv {
        /// The file; - for stdin
        file: PathBuf,
        /// The program here that the points go into
        #[arg(long, value_name = "CODE")]
        program: String,
        /// Say what would be done, and post nothing
        #[arg(long)]
        dry_run: bool,
        /// Let lines without a reference take back points that an earlier file brought
        #[arg(long)]
        allow_decrease: bool,
    },
}

pub(super) async fn run(settings: &Settings, opening: Opening, verb: ImportVerb, as_json: bool) -> Outcome {
    let report = match verb {
        ImportVerb::OdooLoyalty { program, odoo_program, dry_run } => {
            if settings.odoo.is_none() {
                return Err(Failure::Usage("odoo.url is not set: there is no Odoo to read cards from".to_owned()));
            }
            let own = LocalLedger::start(settings, opening)?;
            let outcome = from_odoo(settings, &own.ledger, &program, odoo_program, !dry_run).await;
            own.stop().await;
            outcome?
        }
        ImportVerb::Csv { file: path, program, dry_run, allow_decrease } => {
            // Read and checked before the database is opened: a mistake in the file touches nothing.
            let found = lines::read(&read_bytes(&path)?).map_err(ImportError::File)?;
            let link = settings.odoo.clone().map(|odoo| app::link(odoo, settings.denied_pause)).transpose()?;
            let own = LocalLedger::start(settings, opening)?;
            let ask =
                file::FileRequest { program: &program, since: settings.sync.since, post: !dry_run, allow_decrease };
            let outcome = from_file(settings, &own.ledger, link.as_deref(), &found, &ask).await;
            own.stop().await;
            outcome?
        }
    };
    print(as_json, &report.to_json(), || report.to_words());
    Ok(report.is_clean())
}

fn warn(what: &str) {
    say(&format!("warning: {what}"));
}

async fn from_odoo(
    settings: &Settings,
    ledger: &Ledger,
    program: &str,
    odoo_program: Option<i64>,
    post: bool,
) -> Result<ImportReport, Failure> {
    let Some(odoo) = settings.odoo.clone() else {
        return Err(Failure::Usage("odoo.url is not set: there is no Odoo to read cards from".to_owned()));
    };
    let session = app::link(odoo, settings.denied_pause)?.session().await?;
    let ask = cards::CardsRequest {
        program,
        odoo_program,
        page_size: settings.sync.page_size,
        since: settings.sync.since,
        post,
    };
    Ok(cards::carry_over(ledger, &session, &ask, warn).await?)
}

/// Odoo is asked only for customers that are not known here yet: the file may come before the first start, or without Odoo.
async fn from_file(
    settings: &Settings,
    ledger: &Ledger,
    link: Option<&Link>,
    found: &[lines::ImportLine],
    ask: &file::FileRequest<'_>,
) -> Result<ImportReport, Failure> {
    let odoo = link.map(|link| (link, settings.sync.page_size));
    Ok(file::carry_over(ledger, odoo, found, ask, warn).await?)
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin()
            .read_to_end(&mut bytes)
            .map_err(|problem| Failure::Other(format!("stdin cannot be read: {problem}")))?;
        return Ok(bytes);
    }
    std::fs::read(path).map_err(|problem| Failure::Other(format!("{} cannot be read: {problem}", path.display())))
}
