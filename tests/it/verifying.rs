//! The ledger is append-only, and a change made behind its back shows.

use crate::support::{Service, draft, uuid};

#[test]
fn the_ledger_refuses_updates_and_deletes() {
    let service = Service::start();
    service.admin.give(1, "10");
    for sql in [
        "UPDATE entries SET points_e2 = 5000",
        "DELETE FROM entries",
        "UPDATE entry_texts SET reason = 'nothing happened'",
        "DELETE FROM entry_texts",
        "UPDATE recorded_replies SET reply = ''",
        "DELETE FROM recorded_replies",
    ] {
        let problem = service.database.execute(sql).unwrap_err();
        assert!(problem.contains("append-only"), "{sql}: {problem}");
    }
    service.admin.verified();
}

#[test]
fn verify_finds_each_kind_of_tampering() {
    for (sql, sign) in [
        ("UPDATE entries SET points_e2 = 99900, balance_after_e2 = 99900", "hashes"),
        ("UPDATE entries SET lots = NULL", "hashes"),
        ("UPDATE entries SET earned = '{}' WHERE sequence = 2", "hashes"),
        ("UPDATE entries SET sale_source = 2 WHERE sequence = 2", "hashes"),
        ("UPDATE entries SET texts_sha256 = hash", "hashes"),
        ("UPDATE entries SET hash = texts_sha256 WHERE sequence = 1", "hashes"),
        ("UPDATE entries SET cause_model = 99", "is unreadable"),
        ("DELETE FROM entries WHERE sequence = 1", "missing"),
        ("UPDATE entry_texts SET reason = 'nothing happened'", "the texts of entry"),
        ("UPDATE entry_texts SET on_behalf_of = 'Anna'", "their digest is another"),
        ("UPDATE entry_texts SET cause_name = 'Shop/2' WHERE reason IS NULL", "their digest is another"),
        ("UPDATE entry_texts SET salt = entry_id", "their digest is another"),
        ("DELETE FROM entry_texts WHERE reason IS NULL", "no redaction says why"),
        (
            "UPDATE accounts SET last_hash = (SELECT hash FROM entries WHERE sequence = 1 AND account_id = accounts.id)",
            "are counted",
        ),
        ("UPDATE accounts SET balance_e2 = balance_e2 + 100", "entries come to"),
        ("UPDATE open_holds SET points_e2 = points_e2 + 100", "is noted as open, with"),
        ("UPDATE accounts SET lots = NOTHING_LEFT", "lots less debt"),
        ("UPDATE order_postings SET earned_e2 = 0", "is noted"),
        ("DELETE FROM order_line_blocks", "are not found by their numbers"),
    ] {
        let service = Service::start();
        service.admin.give(1, "10");
        service.shop.sell(1, "20.00");
        service.admin.give(2, "200");
        service.admin.hold(2, "5off", &draft(&uuid(), 2, "25.00")).unwrap();
        service.admin.sync();
        assert_eq!(service.verb(&["verify"]).code, 0);
        // A list of no lots.
        service.database.by_hand(&sql.replace("NOTHING_LEFT", &service.database.bytes(&[1, 0])));
        let found = service.verb(&["verify"]);
        assert_eq!(found.code, 1, "{sql}: {found:?}");
        assert!(found.out.contains(sign), "{sql}: {found:?}");
    }
}

#[test]
fn lines_that_cannot_be_read_are_named() {
    let service = Service::start();
    service.shop.sell(1, "20.00");
    service.admin.sync();
    // One of another layout, one that ends in the middle, one with more behind it.
    for (bytes, why) in [("0900", "the form 9"), ("0102", "Hit the end"), ("010000", "bytes are left over")] {
        let literal = if service.database.file().is_some() { format!("X'{bytes}'") } else { format!("'\\x{bytes}'") };
        service.database.by_hand(&format!("UPDATE orders SET lines = {literal}"));
        let found = service.verb(&["verify"]);
        assert_ne!(found.code, 0, "{bytes}: {found:?}");
        let told = found.out.clone() + &found.err;
        assert!(told.contains("the lines of an order") && told.contains(why), "{bytes}: {found:?}");
    }
}
