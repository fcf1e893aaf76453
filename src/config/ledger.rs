//! `[ledger]`: how long what was answered is kept.

use std::time::Duration;

use super::declared::{SettingType, section};

section! {
    /// The section, as it is written.
    LedgerSection = "ledger" {
        reply_days: u32 = 30,
            SettingType::number("days"),
            "How long a recorded refusal answers the key it was given to; 0 keeps it for ever. What was done keeps its reply for \
             ever.";
    }
}

impl LedgerSection {
    /// How long recorded refusals are kept; `None` for ever.
    pub(super) fn replies_kept(&self) -> Option<Duration> {
        let seconds = u64::from(self.reply_days).saturating_mul(24 * 60 * 60);
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }
}
