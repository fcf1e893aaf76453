//! Several processes on one database: how often they ask it, and that none of them believes what another has changed.

use std::time::Duration;

use serde_json::json;

use crate::support::{Api, Database, Service, club, draft, uuid};

#[path = "../bench/ratios/proxy.rs"]
#[allow(dead_code, reason = "the benchmarks use more of it")]
mod network;

/// How many round trips `work` takes, and what it comes to: the median of several times, as the service has work of its own.
fn round_trips(network: &network::Network, mut work: impl FnMut()) -> u64 {
    let mut counted: Vec<u64> = (0..9)
        .map(|_| {
            let before = network.round_trips();
            work();
            network.round_trips() - before
        })
        .collect();
    counted.sort_unstable();
    counted[counted.len() / 2]
}

#[test]
fn a_redemption_takes_four_round_trips_to_postgresql_and_as_many_to_capture() {
    let service = Service::start();
    let Database::Postgres { server, .. } = &service.database else { return };
    for member in 1..=5 {
        service.admin.give(member, "10000");
    }
    let mut url = url::Url::parse(&service.database.url()).unwrap();
    let server = url::Url::parse(server).unwrap();
    let network = network::Network::to((server.host_str().unwrap(), server.port().unwrap()), Duration::ZERO);
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(network.address.port())).unwrap();
    let (_replica, till) = service.replica_with(&[("LOYALTY__DATABASE__URL".to_owned(), url.to_string())]);
    // Of members nothing is remembered: each hold is as the first.
    let order = |member: i64| draft(&uuid(), member, "25.00");
    // The programs and the shop are read the first time.
    for member in 1..=5 {
        till.hold(member, "5off", &order(member)).unwrap();
    }

    let mut members = (1..=5).cycle();
    let mut holds = Vec::new();
    let of_a_hold = round_trips(&network, || {
        let member = members.next().unwrap();
        let order = order(member);
        holds.push((till.hold(member, "5off", &order).unwrap(), order));
    });
    assert_eq!(of_a_hold, 4, "begin and lock, read, write, commit");
    let mut given = holds.iter();
    let of_a_capture = round_trips(&network, || {
        let (hold, order) = given.next().unwrap();
        till.capture(hold, order).unwrap();
    });
    assert_eq!(of_a_capture, 4);
    let mut given = holds.iter();
    let of_a_repetition = round_trips(&network, || {
        let (hold, order) = given.next().unwrap();
        till.capture(hold, order).unwrap();
    });
    assert_eq!(of_a_repetition, 3, "nothing is written");
    let of_a_hold_of_another = round_trips(&network, || {
        let member = members.next().unwrap();
        let order = order(member);
        let hold = service.admin.hold(member, "5off", &order).unwrap();
        till.capture(&hold, &order).unwrap();
    });
    assert_eq!(of_a_hold_of_another, 4, "a capture of what another process gave");
    service.admin.verified();
}

#[test]
fn what_one_process_changes_of_programs_and_products_the_others_go_by_at_once() {
    let service = Service::start();
    for member in 1..=4 {
        service.admin.give(member, "1000");
    }
    let (_replica, other) = service.replica();
    let points = |api: &Api, member: i64| {
        let hold = api.hold(member, "5off", &draft(&uuid(), member, "25.00")).unwrap();
        hold["points"].as_str().unwrap().to_owned()
    };
    // What it reads now it may remember: two writers may have read it, each for itself.
    for member in 1..=4 {
        assert_eq!(points(&other, member), "100");
    }
    let mut dearer = club();
    dearer["rewards"][0]["points"] = json!("150");
    service.admin.call("program.put", json!({"program": dearer}));
    for member in 1..=4 {
        assert_eq!(points(&other, member), "150");
    }
    // And what the process that put it does.
    assert_eq!(points(&service.admin, 1), "150");
}
