//! A real Odoo 14 over its JSON-RPC, as somebody who may sell and configure. [`super::shop_14`] sells in it.

use std::time::Duration;

use serde_json::{Value, json};

/// An Odoo 14 that was given, as somebody who may sell and configure.
pub struct Odoo14 {
    agent: ureq::Agent,
    url: String,
    database: String,
    login: String,
    password: String,
    pub uid: i64,
    /// What leads a sidecar here, as its own user.
    pub settings: Vec<(&'static str, String)>,
}

impl Odoo14 {
    /// The one that `LOYALTY_TEST_ODOO14_URL`, `_DB`, `_LOGIN`, `_API_KEY`, `_ADMIN_LOGIN` and `_ADMIN_PASSWORD` name.
    pub fn given() -> Option<Self> {
        let named = |name: &str| std::env::var(format!("LOYALTY_TEST_ODOO14_{name}")).ok();
        let settings = vec![
            ("LOYALTY__ODOO__URL", named("URL")?),
            ("LOYALTY__ODOO__DATABASE", named("DB")?),
            ("LOYALTY__ODOO__LOGIN", named("LOGIN")?),
            ("LOYALTY__ODOO__API_KEY", named("API_KEY")?),
            ("LOYALTY__ODOO__TIMEOUT_MS", "30000".to_owned()),
        ];
        let agent = ureq::Agent::config_builder().timeout_global(Some(Duration::from_mins(1))).build().new_agent();
        let (login, password) = (named("ADMIN_LOGIN")?, named("ADMIN_PASSWORD")?);
        let mut odoo = Self { agent, url: named("URL")?, database: named("DB")?, login, password, uid: 0, settings };
        let version = odoo.service("common", "version", json!([]));
        let version = version["server_version"].as_str().unwrap();
        assert!(version.starts_with("14."), "LOYALTY_TEST_ODOO14_URL is an Odoo {version}, not 14");
        let uid = odoo.service("common", "authenticate", json!([odoo.database, odoo.login, odoo.password, {}]));
        odoo.uid = uid.as_i64().expect("LOYALTY_TEST_ODOO14_ADMIN_LOGIN and _ADMIN_PASSWORD log in");
        Some(odoo)
    }

    fn service(&self, service: &str, method: &str, args: Value) -> Value {
        let params = json!({"service": service, "method": method, "args": args});
        let request = json!({"jsonrpc": "2.0", "method": "call", "params": params, "id": 1});
        let sent = self.agent.post(format!("{}/jsonrpc", self.url)).content_type("application/json");
        let mut answer = sent.send(request.to_string()).expect("Odoo answers");
        let text = answer.body_mut().with_config().limit(50_000_000).read_to_string().expect("a body");
        let answer: Value = serde_json::from_str(&text).expect("JSON");
        assert!(answer.get("error").is_none(), "{method}: {}", answer["error"]["data"]["message"]);
        answer["result"].clone()
    }

    pub fn call(&self, model: &str, method: &str, args: Value, kwargs: Value) -> Value {
        let args = json!([self.database, self.uid, self.password, model, method, args, kwargs]);
        self.service("object", "execute_kw", args)
    }

    pub fn create(&self, model: &str, values: Value) -> i64 {
        self.call(model, "create", json!([values]), json!({})).as_i64().expect("an id")
    }

    pub fn search_read(&self, model: &str, domain: Value, fields: &[&str]) -> Vec<Value> {
        let found = self.call(model, "search_read", json!([domain]), json!({"fields": fields, "order": "id"}));
        found.as_array().expect("a list").clone()
    }

    /// The settings as a command takes them, with some of them otherwise.
    pub fn settings_but(&self, otherwise: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
        let mut settings = self.settings.clone();
        for (name, value) in &mut settings {
            if let Some((_, other)) = otherwise.iter().find(|(changed, _)| changed == name) {
                (*other).clone_into(value);
            }
        }
        settings
    }

    /// An internal user who has nothing to do with the till; login and password.
    pub fn office_worker(&self) -> String {
        let group = json!([["module", "=", "base"], ["name", "=", "group_user"]]);
        let group = self.search_read("ir.model.data", group, &["res_id"])[0]["res_id"].clone();
        let login = super::uuid();
        let values = json!({"name": "Office", "login": login, "password": login, "groups_id": [[6, 0, [group]]]});
        self.create("res.users", values);
        login
    }
}
