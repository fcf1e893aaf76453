//! `demo` needs nothing and shows the main job.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::Api;

#[test]
fn the_demo_answers_with_a_token_and_things_to_try() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_loyalty-sidecar"))
        .args(["demo", "--port", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut base = String::new();
    let mut token = String::new();
    let mut commands = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
        if let Some(address) = line.strip_prefix("listening on ") {
            base = address.to_owned();
        } else if let Some(secret) = line.strip_prefix("TOKEN=") {
            token = secret.to_owned();
        } else if line.trim_start().starts_with("curl") {
            commands.push(line.trim().to_owned());
        } else if line.starts_with("Ctrl-C") {
            break;
        }
    }
    let api = Api::new(&base, Some(&token));
    let verdict = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        assert_eq!(commands.len(), 3, "three things to try");
        for command in &commands {
            let body = command.split("-d '").nth(1).and_then(|rest| rest.strip_suffix('\'')).unwrap();
            let (status, answer) = api.post(body).unwrap();
            assert!(status == 200 && answer.contains("\"result\""), "{command}: {answer}");
        }
        let partners: Vec<i64> = (1..=400).collect();
        let balances = api.call("loyalty.balance", json!({"partner_ids": partners}));
        let with_points = balances
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["programs"][0]["balance"].as_str().is_some_and(|points| points != "0"))
            .count();
        assert!(with_points > 100, "{with_points} customers have points");
        api.verified();
    }));
    Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().unwrap();
    let status = child.wait().unwrap();
    verdict.unwrap();
    assert!(status.success(), "{status}");
}
