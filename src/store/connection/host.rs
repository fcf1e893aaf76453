//! Names of machines in addresses.

use std::net::IpAddr;

/// Whether a URL's host is this machine, so that what is sent there crosses no network.
#[must_use]
pub fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_this_machine() {
        for (host, is) in [
            ("localhost", true),
            ("LocalHost", true),
            ("odoo.localhost", true),
            ("127.0.0.1", true),
            ("127.8.9.1", true),
            ("[::1]", true),
            ("::ffff:127.0.0.1", true),
            ("0.0.0.0", false),
            ("10.0.0.1", false),
            ("[fe80::1]", false),
            ("localhost.example", false),
            ("odoo", false),
        ] {
            assert_eq!(is_this_machine(host), is, "{host}");
        }
    }
}
