//! How the sample shop misbehaves when a test wants it to.

use std::time::Duration;

/// What it does instead of answering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultInjection {
    /// Answers with an HTTP status and an HTML page.
    Status(u16),
    /// Answers 200 with an HTML page.
    Html,
    /// Answers only after this long.
    Hang(Duration),
    /// Cuts the answer in the middle.
    Truncated,
    /// Answers with an error of this name (`odoo.exceptions.AccessDenied`) and message.
    Error(&'static str, &'static str),
    /// Answers with JSON that is no JSON-RPC answer.
    OtherJson,
}

/// When it does so.
#[derive(Clone, Debug)]
pub(super) struct FaultRule {
    pub what: FaultInjection,
    /// Only for calls of this model; `None` for every request.
    pub model: Option<String>,
    /// So many requests are answered first.
    pub after: u32,
    /// How often yet; `None` for ever.
    pub left: Option<u32>,
}

impl FaultRule {
    /// Whether it applies to a request about `model`, which uses it up once.
    pub fn applies(&mut self, model: Option<&str>) -> bool {
        if self.left == Some(0) || (self.model.is_some() && self.model.as_deref() != model) {
            return false;
        }
        if self.after > 0 {
            self.after -= 1;
            return false;
        }
        self.left = self.left.map(|left| left - 1);
        true
    }
}
