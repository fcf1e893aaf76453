//! A caller of the API: blocking, with the status and body of every answer at hand.

use std::time::Duration;

use serde_json::{Value, json};

/// A caller with a token, or without.
#[derive(Clone)]
pub struct Api {
    agent: ureq::Agent,
    pub base: String,
    token: Option<String>,
}

/// An error of the API.
#[derive(Debug)]
pub struct Failed {
    pub code: i64,
    pub kind: String,
    pub message: String,
    pub data: Value,
}

impl Api {
    pub fn new(base: &str, token: Option<&str>) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(1)))
            .build()
            .new_agent();
        Self { agent, base: base.to_owned(), token: token.map(str::to_owned) }
    }

    /// Posts a body as it is; status and body of the answer, or why there was none.
    pub fn post(&self, body: &str) -> Result<(u16, String), String> {
        let mut request = self.agent.post(format!("{}/jsonrpc", self.base)).content_type("application/json");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut response = request.send(body).map_err(|problem| problem.to_string())?;
        let text = response.body_mut().read_to_string().map_err(|problem| problem.to_string())?;
        Ok((response.status().as_u16(), text))
    }

    pub fn get(&self, path: &str) -> (u16, String) {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut response = request.call().expect("an answer");
        (response.status().as_u16(), response.body_mut().read_to_string().expect("a body"))
    }

    /// The whole answer to one call.
    pub fn answer(&self, method: &str, params: &Value) -> Result<Value, String> {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let (status, text) = self.post(&request.to_string())?;
        if status != 200 {
            return Err(format!("HTTP {status}: {text}"));
        }
        Ok(serde_json::from_str(&text).expect("JSON"))
    }

    /// The result of one call, or its error.
    pub fn try_call(&self, method: &str, params: Value) -> Result<Value, Failed> {
        let answer = self.answer(method, &params).expect("an answer");
        if let Some(error) = answer.get("error") {
            return Err(Failed {
                code: error["code"].as_i64().expect("a code"),
                kind: error["data"]["kind"].as_str().unwrap_or_default().to_owned(),
                message: error["message"].as_str().expect("a message").to_owned(),
                data: error["data"].clone(),
            });
        }
        Ok(answer["result"].clone())
    }

    /// The result of a call that must succeed.
    #[track_caller]
    pub fn call(&self, method: &str, params: Value) -> Value {
        match self.try_call(method, params) {
            Ok(result) => result,
            Err(failed) => panic!("{method}: {failed:?}"),
        }
    }

    /// The whole answers to a batch of calls, in the order they were asked.
    #[track_caller]
    pub fn answers(&self, calls: &[(&str, Value)]) -> Vec<Value> {
        let requests: Vec<Value> = calls
            .iter()
            .enumerate()
            .map(|(id, (method, params))| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
            .collect();
        let (status, text) = self.post(&Value::Array(requests).to_string()).expect("an answer");
        assert_eq!(status, 200, "{text}");
        let mut answers: Vec<Value> = serde_json::from_str(&text).expect("a list of answers");
        answers.sort_by_key(|answer| answer["id"].as_u64());
        assert_eq!(answers.len(), calls.len(), "{text}");
        answers
    }

    /// The results of a batch of calls, in the order they were asked, none of which may fail.
    #[track_caller]
    pub fn batch(&self, calls: &[(&str, Value)]) -> Vec<Value> {
        let results = self.answers(calls).into_iter().map(|mut answer| {
            assert!(answer.get("error").is_none(), "{answer}");
            answer["result"].take()
        });
        results.collect()
    }

    /// The error of a call that must fail.
    #[track_caller]
    pub fn refused(&self, method: &str, params: Value) -> Failed {
        match self.try_call(method, params) {
            Ok(result) => panic!("{method} succeeded: {result}"),
            Err(failed) => failed,
        }
    }

    /// Balance, held and available of a member in the program `club`.
    #[track_caller]
    pub fn points(&self, partner: i64) -> (String, String, String) {
        let all = self.call("loyalty.balance", json!({"partner_ids": [partner]}));
        let club = all[0]["programs"]
            .as_array()
            .expect("programs")
            .iter()
            .find(|program| program["program"] == "club")
            .expect("the program club")
            .clone();
        let text = |name: &str| club[name].as_str().expect("a decimal as text").to_owned();
        (text("balance"), text("held"), text("available"))
    }

    #[track_caller]
    pub fn balance(&self, partner: i64) -> String {
        self.points(partner).0
    }

    /// Asks for a reward of `club`.
    pub fn hold(&self, partner: i64, reward: &str, draft: &Value) -> Result<Value, Failed> {
        self.try_call(
            "loyalty.hold",
            json!({"idempotency_key": super::uuid(), "partner_id": partner, "program": "club", "reward": reward,
                   "order": draft}),
        )
    }

    /// A hold that was given, for the order it was given for.
    pub fn capture(&self, hold: &Value, draft: &Value) -> Result<Value, Failed> {
        self.try_call("loyalty.capture", json!({"hold_id": hold["hold_id"], "order": {"uuid": draft["uuid"]}}))
    }

    /// A manager gives points.
    #[track_caller]
    pub fn give(&self, partner: i64, points: &str) {
        self.call(
            "ledger.adjust",
            json!({"idempotency_key": super::uuid(), "partner_id": partner, "program": "club", "points": points,
                   "reason": "a present"}),
        );
    }

    /// The kinds and points of a member's entries, oldest first.
    #[track_caller]
    pub fn entries(&self, partner: i64) -> Vec<(String, String)> {
        let found = self.call("loyalty.history", json!({"partner_id": partner, "limit": 500}));
        let mut listed: Vec<(String, String)> = found["entries"]
            .as_array()
            .expect("entries")
            .iter()
            .map(|entry| (entry["kind"].as_str().unwrap().to_owned(), entry["points"].as_str().unwrap().to_owned()))
            .collect();
        listed.reverse();
        listed
    }

    /// A counter of `/metrics` by its whole name, labels included; it must be there even when it is 0.
    #[track_caller]
    pub fn metric(&self, name: &str) -> u64 {
        let (status, text) = self.get("/metrics");
        assert_eq!(status, 200, "{text}");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().expect("a whole number")
    }

    /// Reads Odoo now, whole pass.
    #[track_caller]
    pub fn sync(&self) -> Value {
        self.call("sync.run", json!({}))
    }

    /// The ledger verifies.
    #[track_caller]
    pub fn verified(&self) {
        let report = self.call("ledger.verify", json!({}));
        assert_eq!(report["violations"], json!([]), "{report}");
    }
}
