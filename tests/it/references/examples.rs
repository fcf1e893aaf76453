//! The examples of API.md are made, one after the other, against a running service, each with a token of no more than the
//! method's role; what it answers is what the example shows, and what the snapshots keep.
//!
//! `LOYALTY_TEST_UPDATE=1` writes what was answered into the examples; then `api --markdown` makes API.md anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use loyalty_sidecar::rpc::Name;
use serde_json::{Value, json};

use crate::support::{Api, Service, draft, parsed, reward_line, run};

/// What an example leaves out.
const LEFT_OUT: &str = "…";
/// The moment of all examples.
const MOMENT: &str = "2026-11-30T09:15:00Z";

const FIRST_ORDER: &str = "5e1f0a3c-0000-4000-8000-000000000001";
const DROPPED_ORDER: &str = "5e1f0a3c-0000-4000-8000-000000000003";
const STRANGE_ORDER: &str = "5e1f0a3c-0000-4000-8000-000000000004";
const STRANGE_HOLD: &str = "5e1f0a3c-0000-4000-8000-00000000000f";

/// A service, and what the examples call what it made.
struct Story {
    service: Service,
    callers: BTreeMap<&'static str, Api>,
    /// By the service's own id, the id in the examples.
    ids: BTreeMap<String, String>,
    told: Vec<&'static str>,
    wrong: Vec<&'static str>,
}

fn file_of(method: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rpc/reference/examples").join(format!("{method}.json"))
}

impl Story {
    fn new() -> Self {
        let service = Service::without_program(&[]);
        let callers = [("pos", "till 1"), ("viewer", "odoo"), ("manager", "odoo managers"), ("admin", "head office")]
            .map(|(role, name)| {
                let made = service.verb(&["token", "create", "--role", role, "--name", name]);
                assert_eq!(made.code, 0, "{made:?}");
                (role, Api::new(&service.admin.base, Some(&made.out)))
            });
        Self { service, callers: callers.into(), ids: BTreeMap::new(), told: Vec::new(), wrong: Vec::new() }
    }

    /// What the service made, as the examples have it: its ids by number, and all times the same.
    fn retold(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.retold_text(text)),
            Value::Array(items) => items.iter().map(|item| self.retold(item)).collect(),
            Value::Object(members) => {
                let retold = members.iter().map(|(name, member)| {
                    let member = if name == "lag_seconds" && member.is_u64() { json!(3) } else { self.retold(member) };
                    (name.clone(), member)
                });
                Value::Object(retold.collect())
            }
            other => other.clone(),
        }
    }

    fn retold_text(&mut self, text: &str) -> String {
        // Its own ids are of version 7; those of orders and keys are the story's.
        if text.len() == 36 && uuid::Uuid::parse_str(text).is_ok_and(|id| id.get_version_num() == 7) {
            let number = self.ids.len() + 1;
            let id = self.ids.entry(text.to_owned()).or_insert_with(|| format!("019ad3f0-1c00-7000-8000-{number:012}"));
            return id.clone();
        }
        if chrono::DateTime::parse_from_rfc3339(text).is_ok() {
            return MOMENT.to_owned();
        }
        if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return "5f0c…".to_owned();
        }
        // A token's prefix is random.
        match text.split_once("(lsk_") {
            Some((before, rest)) => {
                let after = rest.split_once(')').map_or("", |(_, after)| after);
                format!("{before}(lsk_1a2b3c4d5e6f){after}")
            }
            None => text.to_owned(),
        }
    }

    /// The example's parameters, with the service's own ids.
    fn sent(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                let own = self.ids.iter().find(|(_, id)| *id == text).map(|(own, _)| own.clone());
                Value::String(own.unwrap_or_else(|| text.clone()))
            }
            Value::Array(items) => items.iter().map(|item| self.sent(item)).collect(),
            Value::Object(members) => {
                Value::Object(members.iter().map(|(name, member)| (name.clone(), self.sent(member))).collect())
            }
            other => other.clone(),
        }
    }

    /// Makes a method's example, and compares the reply.
    fn tell(&mut self, method: &str) {
        let row = Name::find(method).expect("a method").row();
        let file = file_of(row.name);
        let mut example: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let reply = self.callers[row.role.as_str()].call(row.name, self.sent(&example["params"]));
        let reply = self.retold(&reply);
        insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false}, {
            insta::assert_snapshot!(row.name, format!("{reply:#}"));
        });
        if !is_shown(&example["result"], &reply) {
            self.wrong.push(row.name);
            if std::env::var_os("LOYALTY_TEST_UPDATE").is_some() {
                example["result"] = reply;
                std::fs::write(&file, format!("{example:#}\n")).unwrap();
            }
        }
        self.told.push(row.name);
    }
}

/// Whether an example shows a reply: the same, but for what it leaves out.
fn is_shown(example: &Value, reply: &Value) -> bool {
    match (example, reply) {
        (Value::String(text), _) if text == LEFT_OUT => true,
        (Value::Array(shown), Value::Array(items)) => {
            shown.len() == items.len() && shown.iter().zip(items).all(|(shown, item)| is_shown(shown, item))
        }
        (Value::Object(shown), Value::Object(members)) => {
            shown.len() == members.len()
                && shown.iter().all(|(name, shown)| members.get(name).is_some_and(|member| is_shown(shown, member)))
        }
        _ => example == reply,
    }
}

#[test]
fn every_example_is_answered_as_it_shows() {
    let mut story = Story::new();
    for method in ["program.put", "program.list", "program.get", "system.version"] {
        story.tell(method);
    }
    let desk = json!({"product_id": 1, "qty": 1, "price_subtotal": 45, "price_subtotal_incl": 45});
    story.service.shop.sell_lines(Some(1), FIRST_ORDER, std::slice::from_ref(&desk));
    for method in ["sync.run", "sync.status", "ledger.adjust", "loyalty.balance", "loyalty.quote", "loyalty.hold"] {
        story.tell(method);
    }
    story.tell("loyalty.capture");
    let till = story.callers["pos"].clone();
    let dropped = till.hold(1, "5off", &draft(DROPPED_ORDER, 1, "30.00")).unwrap();
    story.retold(&dropped);
    for method in ["loyalty.release", "loyalty.history", "loyalty.explain", "redemption.list", "member.list"] {
        story.tell(method);
    }
    let circle = json!({"code": "circle", "name": "Circle", "currency": "USD", "enrolment": "explicit"});
    story.callers["admin"].call("program.put", json!({"program": circle}));
    for method in ["member.enrol", "member.leave", "member.transfer", "ledger.redact"] {
        story.tell(method);
    }
    story.service.shop.sell_lines(Some(4), STRANGE_ORDER, &[desk, reward_line(STRANGE_HOLD, "5.00")]);
    story.service.admin.sync();
    for method in
        ["exception.list", "exception.resolve", "ledger.verify", "sync.notify", "program.archive", "rpc.discover"]
    {
        story.tell(method);
    }
    let document = parsed(&run(None, &[], &["api", "--json"]));
    assert_eq!(document, story.callers["pos"].call("rpc.discover", json!({})), "the command line prints the same");
    assert!(
        story.wrong.is_empty(),
        "not as the example shows: {:?}; LOYALTY_TEST_UPDATE=1 writes them anew",
        story.wrong
    );
    story.told.sort_unstable();
    let all: Vec<&str> = Name::ALL.iter().map(|name| name.row().name).collect();
    assert_eq!(story.told, all, "each method has its example");
    story.service.admin.verified();
}
