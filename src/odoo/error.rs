//! What can go wrong with Odoo: a closed set, told apart by `error.data.name`, each a sentence for a person.

use serde_json::Value;

use crate::domain::value::text::one_line;

/// Why Odoo could not be read. The texts say what to do; none carries a traceback or a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OdooFault {
    /// No connection, or it broke.
    #[error("Odoo cannot be reached at {url} ({detail}). Is it running, and is odoo.url right?")]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// The network's own words.
        detail: String,
    },
    /// It took too long.
    #[error(
        "Odoo at {url} did not answer within {milliseconds} ms. It may be overloaded; odoo.timeout_ms allows more."
    )]
    Timeout {
        /// Who did not answer.
        url: String,
        /// How long we waited.
        milliseconds: u64,
    },
    /// A proxy or Odoo itself asks for patience: 429, 502, 503, 504.
    #[error("Odoo at {url} is not available just now (HTTP {status}). It is tried again.")]
    Busy {
        /// Who answered.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// What answered is not Odoo's API.
    #[error(
        "{url} answered with {what}, not as Odoo's API does. Is odoo.url Odoo's own address, without a path such as /web?"
    )]
    NotOdoo {
        /// Who answered.
        url: String,
        /// What came instead.
        what: String,
        /// Whether the answer was cut short or came from something in between, so that trying again may help.
        transient: bool,
    },
    /// The database does not exist there.
    #[error("Odoo has no database {database:?}. Check odoo.database; names are case-sensitive.")]
    WrongDatabase {
        /// The database we asked for.
        database: String,
    },
    /// JSON-2 is not answered for the database, although an Odoo that has it is there.
    #[error(
        "Odoo at {url} does not serve the database {database:?} over JSON-2 (HTTP 404). Check odoo.database (names are \
         case-sensitive) and Odoo's dbfilter. If a proxy before Odoo passes /jsonrpc alone, have it pass /json/2 too, or \
         set odoo.protocol = \"jsonrpc\"."
    )]
    NotServed {
        /// Who answered.
        url: String,
        /// The database we asked for.
        database: String,
    },
    /// JSON-2 was asked for, and there is none.
    #[error(
        "{url} has no JSON-2 (HTTP {status}): that came with Odoo 19. Set odoo.protocol = \"auto\", which speaks JSON-RPC \
         to older versions. If this is Odoo 19 or later, odoo.url is not its address, or a proxy does not pass /web/version."
    )]
    NoJson2 {
        /// Who answered.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The key works, and is of another user than the one that is set.
    #[error(
        "odoo.api_key is a key of the user {owner:?}, and odoo.login says {login:?}. Make a key for {login:?}, or set \
         odoo.login to {owner:?} if that user is meant: its rights are the ones that count."
    )]
    KeyOfAnother {
        /// `odoo.login`
        login: String,
        /// Whose key it is.
        owner: String,
    },
    /// Login or key are wrong. Never tried again by itself: ten failures lock the address out, staff included.
    #[error(
        "Odoo refused the login {login:?}. Check odoo.login and odoo.api_key: a key ends on its date or when it is \
         removed, and JSON-2 (Odoo 19 and later) takes keys alone, no password. Make a new API key in Odoo, as this user, \
         under My Preferences > Security."
    )]
    AccessDenied {
        /// Who tried to log in.
        login: String,
    },
    /// The service user may not read a model.
    #[error(
        "Odoo does not let {login:?} read {model}. Give the user read access to it: Point of Sale / User covers all we read."
    )]
    MissingRights {
        /// Who may not.
        login: String,
        /// The model that may not be read.
        model: String,
    },
    /// A record we asked for is gone.
    #[error("a record of {model} disappeared from Odoo while it was read. It is tried again in the next pass.")]
    Missing {
        /// Its model.
        model: String,
    },
    /// The model is not there: its module is not installed.
    #[error("this Odoo has no model {model}. Is the Point of Sale app installed in the database?")]
    UnknownModel {
        /// The model that is not there.
        model: String,
    },
    /// Anything else that Odoo says.
    #[error("Odoo failed to read {model} with {name}: {message}. Odoo's own log has the details.")]
    Server {
        /// What was being read.
        model: String,
        /// `error.data.name`: the exception's type.
        name: String,
        /// Its first line.
        message: String,
    },
    /// Odoo answered something that the method cannot mean.
    #[error("Odoo's answer about {model} makes no sense: {detail}.")]
    Nonsense {
        /// What was being read.
        model: String,
        /// What is wrong with it.
        detail: String,
    },
}

impl OdooFault {
    /// A short stable word, for metrics and logs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Timeout { .. } => "timeout",
            Self::Busy { .. } => "busy",
            Self::NotOdoo { .. } => "not_odoo",
            Self::WrongDatabase { .. } | Self::NotServed { .. } => "wrong_database",
            Self::NoJson2 { .. } => "no_json2",
            Self::KeyOfAnother { .. } => "key_of_another",
            Self::AccessDenied { .. } => "access_denied",
            Self::MissingRights { .. } => "missing_rights",
            Self::Missing { .. } => "missing",
            Self::UnknownModel { .. } => "unknown_model",
            Self::Server { .. } => "server",
            Self::Nonsense { .. } => "nonsense",
        }
    }

    /// Whether Odoo turned the login down, or the login is not the one that is set: asking again changes nothing.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::AccessDenied { .. } | Self::KeyOfAnother { .. })
    }

    /// Whether the same request may well succeed a moment later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::Busy { .. } => true,
            Self::NotOdoo { transient, .. } => *transient,
            _ => false,
        }
    }
}

/// What was asked, for the words of a fault.
#[derive(Clone, Copy, Debug)]
pub struct FailedRequest<'a> {
    /// `odoo.database`
    pub database: &'a str,
    /// `odoo.login`
    pub login: &'a str,
    /// The model read; a service's name when it was none.
    pub model: &'a str,
}

/// Makes a fault of an `error` object that Odoo sent.
///
/// `code` and `message` are those of the object; they say little (14 always sends 200, 19 always 0), so that
/// `data.name` decides. The traceback in `data.debug` goes nowhere: Odoo's own log has it, beside the request it is of.
#[must_use]
pub fn classify(asked: FailedRequest<'_>, code: i64, message: &str, data: &Value) -> OdooFault {
    let text = |key: &str| data.get(key).and_then(Value::as_str).unwrap_or_default();
    let model = asked.model.to_owned();
    let said = if text("message").is_empty() { message } else { text("message") };
    // A name of Python's; whatever else stands there is nothing to show.
    let is_name =
        |name: &&str| name.len() <= 100 && name.chars().all(|c| c.is_ascii_alphanumeric() || "._".contains(c));
    let name = Some(text("name")).filter(is_name).unwrap_or("an error that has no name");
    let message = presentable(said);
    tracing::debug!(code, name, message, model = asked.model, "Odoo answered with an error");
    match name.rsplit('.').next().unwrap_or(name) {
        "AccessDenied" => OdooFault::AccessDenied { login: asked.login.to_owned() },
        "AccessError" => OdooFault::MissingRights { login: asked.login.to_owned(), model },
        "MissingError" => OdooFault::Missing { model },
        // The model is there, and lacks what we call: an Odoo that we do not know.
        _ if said.starts_with("The method ") => OdooFault::Server { model, name: name.to_owned(), message },
        // psycopg2.OperationalError: … database "x" does not exist
        _ if said.contains("does not exist") && said.contains(&format!("database \"{}\"", asked.database)) => {
            OdooFault::WrongDatabase { database: asked.database.to_owned() }
        }
        // Odoo 14 says `Object x doesn't exist`, 19 `The model 'x' does not exist`, a registry lookup KeyError('x').
        _ if (said.contains("doesn't exist") || said.contains("does not exist")) && said.contains(asked.model) => {
            OdooFault::UnknownModel { model }
        }
        "KeyError" if said.trim_matches('\'') == asked.model => OdooFault::UnknownModel { model },
        // A database that restarts, is restored or upgraded shows as one of these for a moment.
        _ => OdooFault::Server { model, name: name.to_owned(), message },
    }
}

/// What of Odoo's message may be shown: its first line, at most 300 characters, unless it quotes what is inside.
fn presentable(text: &str) -> String {
    let line: String = text.lines().next().unwrap_or_default().trim_end_matches('.').chars().take(300).collect();
    let quotes_code = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "Traceback", "File \""].iter();
    let quotes_path = || {
        let words = line.split(|letter: char| letter.is_whitespace() || "\"'`(<=:,".contains(letter));
        words.filter_map(|word| word.strip_prefix('/')).any(|rest| rest.contains('/'))
    };
    if quotes_code.into_iter().any(|sign| line.contains(sign)) || quotes_path() {
        return "its message quotes SQL, a file or a traceback and is left out here".to_owned();
    }
    one_line(&line).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn classified(model: &str, data: &Value) -> OdooFault {
        classify(FailedRequest { database: "shop", login: "sidecar", model }, 0, "Odoo Server Error", data)
    }

    #[test]
    fn bodies_that_odoo_sends_are_told_apart_by_name() {
        let cases = [
            (json!({"name": "odoo.exceptions.AccessDenied", "message": "Access Denied"}), "access_denied"),
            (json!({"name": "odoo.exceptions.AccessError", "message": "You are not allowed…"}), "missing_rights"),
            (json!({"name": "odoo.exceptions.MissingError", "message": "Record does not exist"}), "missing"),
            (
                json!({"name": "psycopg2.OperationalError", "message": "connection to server at \"127.0.0.1\", port 1 failed: FATAL:  database \"shop\" does not exist\n"}),
                "wrong_database",
            ),
            (
                json!({"name": "odoo.exceptions.UserError", "message": "Object pos.order doesn't exist"}),
                "unknown_model",
            ),
            (json!({"name": "builtins.KeyError", "message": "'pos.order'"}), "unknown_model"),
            (
                json!({"name": "werkzeug.exceptions.NotFound", "message": "the model 'pos.order' does not exist"}),
                "unknown_model",
            ),
            (
                json!({"name": "builtins.AttributeError", "message": "The method 'pos.order.x' does not exist"}),
                "server",
            ),
            (json!({"name": "builtins.ValueError", "message": "Invalid field pos.order.nothing"}), "server"),
            (json!({}), "server"),
            (Value::Null, "server"),
        ];
        for (data, kind) in cases {
            assert_eq!(classified("pos.order", &data).kind(), kind, "{data}");
        }
    }

    #[test]
    fn missing_rights_name_the_model_and_the_user() {
        let fault = classified("res.partner", &json!({"name": "odoo.exceptions.AccessError", "message": "no"}));
        let words = fault.to_string();
        assert!(words.contains("res.partner") && words.contains("sidecar"), "{words}");
    }

    #[test]
    fn no_traceback_and_no_second_line_reach_a_person() {
        let fault = classified(
            "pos.order",
            &json!({"name": "psycopg2.errors.X", "message": "broken.\nSELECT secret", "debug": "Traceback (most recent"}),
        );
        let words = fault.to_string();
        assert!(words.contains("broken") && !words.contains("SELECT") && !words.contains("Traceback"), "{words}");
        let unnamed = json!({"name": "psycopg2.errors.X\nTraceback (most recent call last)", "message": "broken"});
        let words = classified("pos.order", &unnamed).to_string();
        assert!(words.contains("an error that has no name") && !words.contains("Traceback"), "{words}");
    }

    #[test]
    fn a_message_that_quotes_what_is_inside_is_left_out() {
        for said in [
            "SELECT id FROM pos_order WHERE x",
            "could not open file '/var/lib/odoo/filestore/shop/ab'",
            "Traceback (most recent call last):",
        ] {
            let words = classified("pos.order", &json!({"name": "builtins.ValueError", "message": said})).to_string();
            assert!(words.contains("is left out here") && !words.contains(said), "{words}");
        }
        let kept = classified("pos.order", &json!({"name": "E", "message": "Invalid field on and/or 1/2 of it"}));
        assert!(kept.to_string().contains("and/or 1/2"), "{kept}");
    }

    #[test]
    fn only_what_may_pass_by_itself_is_transient() {
        let url = || "http://odoo".to_owned();
        assert!(OdooFault::Unreachable { url: url(), detail: String::new() }.is_transient());
        assert!(OdooFault::Timeout { url: url(), milliseconds: 1 }.is_transient());
        assert!(OdooFault::Busy { url: url(), status: 502 }.is_transient());
        assert!(!OdooFault::AccessDenied { login: String::new() }.is_transient());
        assert!(!OdooFault::MissingRights { login: String::new(), model: String::new() }.is_transient());
    }
}
