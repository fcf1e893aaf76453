//! `redact`: the texts of one entry are erased.

use clap::Args;

use super::adjust::plain;
use super::opening::Opening;
use super::{LocalLedger, Outcome, print};
use crate::config::Settings;
use crate::domain::ledger::entry::COMMAND_LINE;
use crate::domain::value::as_text;
use crate::domain::value::text::one_line;

#[derive(Args, Debug)]
pub(super) struct RedactArguments {
    /// The entry's id, as `history --json` and the API tell it
    #[arg(value_name = "ENTRY")]
    entry: String,
    /// Why its texts go: kept for ever, so it names nobody
    #[arg(long, value_name = "TEXT", value_parser = plain::<500>)]
    ground: String,
}

pub(super) async fn run(settings: &Settings, opening: Opening, asked: RedactArguments, as_json: bool) -> Outcome {
    let own = LocalLedger::start(settings, opening)?;
    let outcome = own.ledger.redact(asked.entry, asked.ground, COMMAND_LINE.to_owned()).await;
    own.stop().await;
    let done = outcome?;
    print(as_json, &done, || {
        format!(
            "the texts of entry {} were erased at {} by {}: {}\nhead of the chain before  {}\nhead of the chain after   \
             {}\nBackups and logs may still have them; OPERATIONS.md says what to do.",
            done.entry_id,
            as_text::time(done.at),
            one_line(&done.by),
            one_line(&done.ground),
            hex::encode(&done.head_before),
            hex::encode(&done.head_after),
        )
    });
    Ok(true)
}
