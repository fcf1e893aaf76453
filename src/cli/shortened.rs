//! A program's document without what is default in it.

use serde_json::Value;

use crate::domain::program::Program;

/// The shortest document that says the same: of each member that may go, none stays.
pub(super) fn shortened(document: &Value) -> Value {
    let Ok(program) = Program::from_json(document) else { return document.clone() };
    let mut short = document.clone();
    shorten(&mut short, &program, "");
    short
}

/// Leaves out what may go below `path`, the whole first: what is default as a whole need not be looked into.
fn shorten(whole: &mut Value, program: &Program, path: &str) {
    let members: Vec<String> = match whole.pointer(path) {
        Some(Value::Object(object)) => object.keys().map(|name| format!("{path}/{}", escaped(name))).collect(),
        Some(Value::Array(list)) => (0..list.len()).map(|at| format!("{path}/{at}")).collect(),
        _ => return,
    };
    let is_object = whole.pointer(path).is_some_and(Value::is_object);
    for member in members {
        if !(is_object && says_the_same_without(whole, program, path, &member)) {
            shorten(whole, program, &member);
        }
    }
}

fn says_the_same_without(whole: &mut Value, program: &Program, path: &str, member: &str) -> bool {
    let name = member.rsplit('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~");
    let mut without = whole.clone();
    if let Some(Value::Object(object)) = without.pointer_mut(path) {
        object.remove(&name);
    }
    let same = Program::from_json(&without).is_ok_and(|read| read == *program);
    if same {
        *whole = without;
    }
    same
}

/// A name as a JSON Pointer writes it.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_default_goes_and_what_is_not_stays() {
        let written = json!({
            "code": "club", "name": "Club", "currency": "USD",
            "earning": {"rules": [
                {"code": "base", "kind": "per_amount", "every": "10.00", "points": "1"},
                {"code": "toys", "kind": "per_unit", "points": "5", "scope": {"pos_category_ids": [3]}},
            ]},
            "expiry": {"after_days": 365, "granularity": "month"},
            "rewards": [{"code": "5off", "name": "5 off", "kind": "discount_amount", "points": "100", "amount": "5.00"}],
        });
        let program = Program::from_json(&written).unwrap();
        let whole = program.to_json();
        assert!(whole.to_string().len() > written.to_string().len() * 2, "{whole}");
        let short = shortened(&whole);
        assert_eq!(Program::from_json(&short).unwrap(), program);
        assert_eq!(short.to_string().len(), written.to_string().len(), "{short:#}");
    }

    #[test]
    fn what_cannot_be_read_is_left_as_it_is() {
        let broken = json!({"code": "club", "ends_at": "never"});
        assert_eq!(shortened(&broken), broken);
    }
}
