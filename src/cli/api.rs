//! `api`: the methods there are. Needs neither settings nor a database.

use super::print;
use crate::rpc::reference;

#[derive(Debug, clap::Args)]
pub(super) struct ApiArguments {
    /// Print all of it as API.md; with --json it is the OpenRPC document
    #[arg(long)]
    markdown: bool,
}

pub(super) fn run(asked: &ApiArguments, as_json: bool) {
    if asked.markdown {
        print!("{}", reference::markdown());
    } else {
        print(as_json, &reference::document(), reference::words);
    }
}
