//! The ledger is append-only, and a change made behind its back shows.

use crate::support::Service;

/// Lets a test do what nobody may.
fn without_guards(service: &Service, sql: &str) {
    let drop = if service.database.file().is_some() {
        "DROP TRIGGER entries_no_update; DROP TRIGGER entries_no_delete;"
    } else {
        "DROP TRIGGER entries_no_change ON entries;"
    };
    service.database.execute(&format!("{drop} {sql}")).unwrap();
}

#[test]
fn entries_refuse_updates_and_deletes() {
    let service = Service::start();
    service.admin.give(1, "10");
    for sql in [
        "UPDATE entries SET points_e2 = 5000",
        "DELETE FROM entries",
        "UPDATE verdicts SET reply = ''",
        "DELETE FROM verdicts",
    ] {
        let problem = service.database.execute(sql).unwrap_err();
        assert!(problem.contains("append-only"), "{sql}: {problem}");
    }
    service.admin.verified();
}

#[test]
fn verify_finds_each_kind_of_tampering() {
    for (sql, sign) in [
        ("UPDATE entries SET reason = 'nothing happened'", "hashes"),
        ("UPDATE entries SET points_e2 = 99900, balance_after_e2 = 99900", "hashes"),
        ("DELETE FROM entries WHERE sequence = 1", "missing"),
        ("UPDATE accounts SET balance_e2 = balance_e2 + 100", "entries come to"),
        ("UPDATE accounts SET held_e2 = 700", "held"),
        ("UPDATE lots SET points_e2 = points_e2 + 100", "lots less debt"),
        ("UPDATE order_postings SET earned_e2 = 0", "is noted"),
    ] {
        let service = Service::start();
        service.admin.give(1, "10");
        service.shop.sell(1, "20.00");
        service.admin.sync();
        assert_eq!(service.verb(&["verify"]).code, 0);
        without_guards(&service, sql);
        let found = service.verb(&["verify"]);
        assert_eq!(found.code, 1, "{sql}: {found:?}");
        assert!(found.out.contains(sign), "{sql}: {found:?}");
    }
}
