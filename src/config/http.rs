//! `[http]`: where the API listens, and how often it may be called.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use super::declared::{SettingType, section};
use super::{BadSetting, bad};
use crate::domain::value::text::url_without_secrets;
use crate::http::RateLimit;

/// The least burst: a whole batch must pass at once, or it would never.
const LEAST_BURST: u32 = 100;

section! {
    /// The section, as it is written.
    HttpSection = "http" {
        bind: String = "127.0.0.1:8070".to_owned(),
            SettingType::Text("address and port"),
            "Where the API listens. Port 0 picks a free one. An address beyond loopback needs `http.behind_tls_proxy`.";
        metrics_public: bool = false,
            SettingType::Flag,
            "Serves `/metrics` without a token.";
        behind_tls_proxy: bool = false,
            SettingType::Flag,
            "Allows an address beyond loopback. The service speaks plain HTTP: a proxy in front must speak TLS, and nothing \
             else may reach the port.";
        // One token serves all tills of an Odoo: a hundred of them that each touch their order twice a second make 400
        // calls. Whoever stays above is no till.
        rate_limit_per_second: u32 = 5_000,
            SettingType::number("calls per second"),
            "How many calls one token may make, each call of a batch counted. More get HTTP 429 and `Retry-After`. 0 sets no \
             limit.";
        rate_limit_burst: u32 = 10_000,
            SettingType::number("calls"),
            "How many calls one token may make at once, after a pause. With a limit it is at least 100, a whole batch.";
    }
}

impl HttpSection {
    /// Where to listen.
    pub(super) fn address(&self) -> Result<SocketAddr, BadSetting> {
        self.bind.parse::<SocketAddr>().map_err(|_| {
            let shown = url_without_secrets(&self.bind);
            bad(format!("http.bind: “{shown}” is no address and port; an example is 127.0.0.1:8070"))
        })
    }

    /// How often a token may call; `None` for as often as it likes.
    pub(super) fn rate_limit(&self) -> Result<Option<RateLimit>, BadSetting> {
        let Some(per_second) = NonZeroU32::new(self.rate_limit_per_second) else { return Ok(None) };
        NonZeroU32::new(self.rate_limit_burst)
            .filter(|burst| burst.get() >= LEAST_BURST)
            .map(|burst| Some(RateLimit { per_second, burst }))
            .ok_or_else(|| {
                bad(format!(
                    "http.rate_limit_burst: {} is too little; the least is {LEAST_BURST}, a whole batch; \
                     http.rate_limit_per_second = 0 switches the limit off",
                    self.rate_limit_burst
                ))
            })
    }
}
