//! What is told beside results and logs: for a person, or, with `log.format = json`, one JSON object a line.
//!
//! Whoever collects the service's output parses all of it: a refused setting and a panic are lines like any other.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::config::{LogFormat, LogSettings};
use crate::domain::value::text;

/// Whether machines read along.
static FOR_MACHINES: AtomicBool = AtomicBool::new(false);

/// Before the settings are read, the environment alone tells: they may be what is wrong.
pub(super) fn begin(serves: bool) {
    let is_json = std::env::var("LOYALTY__LOG__FORMAT").is_ok_and(|format| format.eq_ignore_ascii_case("json"));
    set(is_json, serves);
}

/// As the settings say.
pub(super) fn follow(log: &LogSettings, serves: bool) {
    set(log.format == LogFormat::Json, serves);
}

fn set(is_json: bool, serves: bool) {
    // A verb that somebody runs at a terminal tells that person, whatever the service beside it does.
    let for_machines = is_json && (serves || !std::io::stderr().is_terminal());
    FOR_MACHINES.store(for_machines, Ordering::Relaxed);
    if for_machines {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string);
            let message = panic.payload_as_str().unwrap_or("an error in the program");
            eprintln!("{}", error_line(&format!("panicked: {message}"), place.as_deref()));
        }));
    }
}

/// A line such as the log's.
fn error_line(message: &str, place: Option<&str>) -> String {
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let mut line = json!({"timestamp": now, "level": "ERROR", "message": message, "target": "loyalty_sidecar::cli"});
    if let (Some(place), Some(object)) = (place, line.as_object_mut()) {
        object.insert("place".into(), json!(place));
    }
    text::json(&line.to_string()).into_owned()
}

/// Tells why it did not go well.
pub(super) fn say(what: &str) {
    if FOR_MACHINES.load(Ordering::Relaxed) {
        eprintln!("{}", error_line(what, None));
    } else {
        eprintln!("loyalty-sidecar: {}", text::many_lines(what));
    }
}

/// Tells on stdout that the service answers, and where.
pub(super) fn listening(url: &str) {
    let what = format!("listening on {url}");
    if FOR_MACHINES.load(Ordering::Relaxed) {
        println!("{}", json!({"message": what, "url": url}));
    } else {
        println!("{what}");
    }
}
