//! Carrying points over is done once, also by two imports at the same time or after an upgrade.

use serde_json::json;

use super::*;
use crate::ledger::{Options, Wallet};
use crate::store::connection::migrate;
use crate::store::{DatabaseUrl, Pool};

async fn ledger() -> (Ledger, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::parse(&format!("sqlite://{}", folder.path().join("l.db").display())).unwrap();
    let pool = Pool::open(url.clone(), 2).unwrap();
    pool.run(migrate::migrate).await.unwrap();
    let (ledger, _writers) = Ledger::start(pool, Options::for_database(&url, Wallet::Contact)).unwrap();
    let club = Program::from_json(&json!({"code": "club", "name": "Club", "currency": "EUR"})).unwrap();
    ledger.programs().put(club, None, "test").await.unwrap();
    (ledger, folder)
}

fn card(whole: i64) -> ImportItem {
    ImportItem {
        cause: Cause {
            model: crate::domain::ledger::entry::CauseModel::LoyaltyCard,
            id: Some(11),
            uuid: None,
            name: "044".into(),
        },
        partner_id: PartnerId(7),
        points: Points::from_e2(whole * 100),
        expiry: None,
        reason: "test".into(),
    }
}

/// What an import has found out and not posted yet.
async fn planned(ledger: &Ledger, card: ImportItem) -> AdjustPoints {
    let plans = ledger.imports().plan("club", BTreeMap::from([(0, card)]), "import").await.unwrap();
    match plans.into_iter().next() {
        Some((_, Plan::Post(_, command))) => *command,
        _ => panic!("there is something to post"),
    }
}

/// An import of before an upgrade is repeated after it: what its keys are made of stays.
#[test]
fn keys_stay_what_they_were() {
    let card = card(100);
    let correction = Correction {
        points: card.points,
        reason: card.reason,
        on_behalf_of: None,
        cause: Some(card.cause),
        expiry: None,
    };
    let made = idempotency("club", PartnerId(7), &correction, 2).unwrap();
    let place = r#"["club","loyalty.card",11,2]"#;
    let said = r#"["club",7,10000,null,"test",{"id":11,"model":"loyalty.card","name":"044","uuid":null}]"#;
    let sha256 = |text: &str| hex::encode(Sha256::digest(text));
    assert_eq!((made.key, made.params_sha256), (sha256(place), sha256(said)));
}

#[tokio::test]
async fn imports_that_found_the_same_post_one_entry() {
    let (ledger, _folder) = ledger().await;
    let (one, other) = (planned(&ledger, card(100)).await, planned(&ledger, card(100)).await);
    let first = ledger.reply(one).await.unwrap();
    assert_eq!(ledger.reply(other).await.unwrap(), first);
    let again = ledger.imports().carry_over("club", &[card(100)], "import", true).await.unwrap();
    assert_eq!(again, [ImportOutcome::Unchanged]);
    assert_eq!(ledger.verify().await.unwrap().entries, 1);
}

#[tokio::test]
async fn a_card_that_changed_between_two_imports_at_once_is_not_posted_twice() {
    let (ledger, _folder) = ledger().await;
    let (one, other) = (planned(&ledger, card(100)).await, planned(&ledger, card(120)).await);
    ledger.reply(one).await.unwrap();
    match ledger.reply(other).await {
        Err(LedgerError::Refused(refused)) => assert_eq!(refused.refusal, Refusal::IdempotencyConflict),
        answer => panic!("the key is taken: {answer:?}"),
    }
    let landed = ledger.imports().carry_over("club", &[card(120)], "import", true).await.unwrap();
    assert_eq!(landed, [ImportOutcome::Posted(Points::from_e2(2_000))]);
}

#[tokio::test]
async fn a_caller_cannot_take_an_imports_key() {
    let (ledger, _folder) = ledger().await;
    let mut theirs = planned(&ledger, card(100)).await;
    theirs.correction.cause = None;
    ledger.reply(theirs).await.unwrap();
    let landed = ledger.imports().carry_over("club", &[card(100)], "import", true).await.unwrap();
    assert_eq!(landed, [ImportOutcome::Posted(Points::from_e2(10_000))]);
}
