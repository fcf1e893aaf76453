//! The statements that the service's own writer runs, as text, to hold imitations of them against.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

static LISTENING: AtomicBool = AtomicBool::new(false);
static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// Texts that a connection keeps prepared.
static KEPT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

struct Ear;

impl Instrumentation for Ear {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartQuery { query, .. } if LISTENING.load(Ordering::Relaxed) => {
                let text = query.to_string();
                let text = text.split(" -- binds:").next().unwrap_or_default().trim().to_owned();
                HEARD.lock().unwrap().push(text);
            }
            InstrumentationEvent::CacheQuery { sql, .. } => {
                KEPT.lock().unwrap().insert(sql.trim().to_owned());
            }
            _ => {}
        }
    }
}

/// Has every connection that this process opens from now on listened to.
pub fn install() {
    set_default_instrumentation(|| Some(Box::new(Ear))).unwrap();
}

/// The statements run by `work`, without their values.
pub fn heard<T>(work: impl FnOnce() -> T) -> (T, Vec<String>) {
    HEARD.lock().unwrap().clear();
    LISTENING.store(true, Ordering::Relaxed);
    let done = work();
    LISTENING.store(false, Ordering::Relaxed);
    (done, std::mem::take(&mut HEARD.lock().unwrap()))
}

/// What a statement does to which table, for comparing texts that are written differently: `SELECT accounts`.
pub fn gist(statement: &str) -> String {
    let words: Vec<String> = statement
        .split(|sign: char| !(sign.is_alphanumeric() || sign == '_'))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let verb = words.first().cloned().unwrap_or_default();
    let before_table = match verb.as_str() {
        "insert" => "into",
        "update" => "update",
        "select" | "delete" => "from",
        _ => return verb.to_uppercase(),
    };
    let table = words.iter().skip_while(|word| *word != before_table).nth(1).cloned().unwrap_or_default();
    format!("{} {table}", verb.to_uppercase()).trim_end().to_owned()
}

/// Prints what the writer runs for a hold and its capture, and which of it is prepared anew each time (`*`).
pub fn print(url: &str) {
    let texts = super::same_sql::texts_of_a_redemption(url);
    let kept = KEPT.lock().unwrap();
    for text in texts {
        println!("{} {text}", if kept.contains(&text) { ' ' } else { '*' });
    }
}
