//! Clients that change points while something happens to the service, and the book they keep, outside of it, of what
//! they were told. Afterwards the ledger is held against the book.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Api, Random, draft, uuid};

/// The customers whose points change; few, so that clients meet.
const MEMBERS: u64 = 3;
/// What an adjustment gives, in hundredths.
const GIVEN: i64 = 2000;
/// What a hold takes, in hundredths.
const HELD: i64 = 1000;

/// What a client was told of a call.
#[derive(Clone, Debug, PartialEq)]
enum Said {
    /// It is done, and this is the reply.
    Done(Value),
    /// `unavailable`, and nothing was done.
    NothingDone,
    /// No answer came, or one that leaves it open.
    Nothing(String),
}

/// Nobody answers any more.
struct Gone;

/// One call. Its mark stands in the ledger when it was done: an adjustment's reason, a capture's order.
#[derive(Clone, Debug)]
struct Call {
    method: &'static str,
    params: Value,
    partner: i64,
    mark: String,
    said: Said,
}

impl Call {
    fn is_done(&self) -> bool {
        matches!(self.said, Said::Done(_))
    }

    fn is_open(&self) -> bool {
        matches!(self.said, Said::Nothing(_))
    }

    fn request(&self, id: usize) -> Value {
        json!({"jsonrpc": "2.0", "id": id, "method": self.method, "params": self.params})
    }

    /// What its entry adds to the balance; `None` when it writes none.
    fn adds(&self) -> Option<i64> {
        match self.method {
            "ledger.adjust" => Some(GIVEN),
            "loyalty.capture" => Some(-HELD),
            _ => None,
        }
    }
}

/// An entry as `loyalty.history` shows it.
struct Entry {
    id: String,
    mark: String,
    points: i64,
}

/// The program that the clients use: a hold takes 10 points, and stays open for a day.
pub fn program() -> Value {
    json!({
        "code": "club", "name": "Club", "currency": "USD", "redemption": {"hold_seconds": 86400},
        "earning": {"rules": [{"code": "base", "kind": "per_amount", "every": "10.00", "points": "10"}]},
        "rewards": [{"code": "1off", "name": "1 off", "kind": "discount_amount", "points": "10", "amount": "1.00"}],
    })
}

/// Points as text, in hundredths.
fn hundredths(text: &str) -> i64 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<2}").parse().expect("points")
}

/// Clients and their book.
pub struct Load {
    clients: u64,
    book: Mutex<Vec<Call>>,
    random: Random,
}

impl Load {
    pub fn new(clients: u64, seed: u64) -> Self {
        Self { clients, book: Mutex::default(), random: Random::seeded(seed) }
    }

    /// Chance, for the test's own choices: one seed a test.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// How many calls were acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.book().iter().filter(|call| call.is_done()).count()
    }

    /// Waits until so many more calls are acknowledged: however slow the machine is, there was that much load.
    #[track_caller]
    pub fn wait_for(&self, more: usize) {
        let (started, before) = (Instant::now(), self.acknowledged());
        while self.acknowledged() < before + more {
            assert!(
                started.elapsed() < Duration::from_mins(1),
                "{} of {more} acknowledged",
                self.acknowledged() - before
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// How many calls were refused as `unavailable`, with nothing done.
    pub fn refused(&self) -> usize {
        self.book().iter().filter(|call| call.said == Said::NothingDone).count()
    }

    /// How many calls have no answer, or one that leaves open whether they were done.
    pub fn open(&self) -> usize {
        self.book().iter().filter(|call| call.is_open()).count()
    }

    fn book(&self) -> std::sync::MutexGuard<'_, Vec<Call>> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Clients call until `event` is over, or the service is gone.
    pub fn during<T>(&mut self, api: &Api, event: impl FnOnce(&Self) -> T) -> T {
        let seeds: Vec<u64> = (0..self.clients).map(|_| self.random.next()).collect();
        let over = AtomicBool::new(false);
        let (load, over) = (&*self, &over);
        std::thread::scope(|scope| {
            for seed in seeds {
                scope.spawn(move || load.client(&api.clone(), &mut Random::seeded(seed), over));
            }
            // Also when the event panics, for which the scope would wait for ever.
            let _end = End(over);
            event(load)
        })
    }

    fn client(&self, api: &Api, random: &mut Random, over: &AtomicBool) {
        while !over.load(Ordering::Relaxed) {
            match self.visit(api, random) {
                Ok(true) => {}
                // It said that it cannot now: a till would wait as well.
                Ok(false) => std::thread::sleep(Duration::from_millis(10)),
                Err(Gone) => return,
            }
        }
    }

    /// A customer is given points, sets some aside, and mostly pays with them or gives up. `false` when the service
    /// could not.
    fn visit(&self, api: &Api, random: &mut Random) -> Result<bool, Gone> {
        let partner = i64::try_from(1 + random.below(MEMBERS)).unwrap();
        let mark = uuid();
        let gift = json!({"idempotency_key": mark, "partner_id": partner, "program": "club", "points": "20",
                          "reason": mark});
        if self.call(api, "ledger.adjust", gift, partner, &mark)?.is_none() {
            return Ok(false);
        }
        let order = uuid();
        let ask = json!({"idempotency_key": uuid(), "partner_id": partner, "program": "club", "reward": "1off",
                         "order": draft(&order, partner, "25.00")});
        let Some(hold) = self.call(api, "loyalty.hold", ask, partner, &order)? else { return Ok(false) };
        let end = match random.below(8) {
            0 => return Ok(true),
            1..=3 => {
                self.call(api, "loyalty.release", json!({"hold_id": hold["hold_id"], "reason": "no"}), partner, &order)?
            }
            _ => {
                let params = json!({"hold_id": hold["hold_id"], "order": {"uuid": order}});
                self.call(api, "loyalty.capture", params, partner, &order)?
            }
        };
        Ok(end.is_some())
    }

    /// Makes one call and writes into the book what was said.
    fn call(
        &self,
        api: &Api,
        method: &'static str,
        params: Value,
        partner: i64,
        mark: &str,
    ) -> Result<Option<Value>, Gone> {
        let mut call = Call { method, params, partner, mark: mark.to_owned(), said: Said::NothingDone };
        call.said = said(api, &call);
        let reply = match &call.said {
            Said::Done(reply) => Ok(Some(reply.clone())),
            Said::NothingDone => Ok(None),
            // An answer that leaves it open.
            Said::Nothing(why) if why.starts_with('{') => Ok(None),
            Said::Nothing(_) => Err(Gone),
        };
        self.book().push(call);
        reply
    }

    /// Asks again for whatever has no reply, in the order of the book, until each has one.
    #[track_caller]
    pub fn ask_again(&self, api: &Api) {
        for call in self.book().iter_mut().filter(|call| !call.is_done()) {
            let before = call.said.clone();
            call.said = said(api, call);
            assert!(call.is_done(), "asked again: {call:?}\nbefore: {before:?}");
        }
    }

    /// Repeats acknowledged calls that chance picks, and the latest; what they reply otherwise than before.
    pub fn repeated(&mut self, api: &Api, picked: usize, latest: usize) -> Vec<String> {
        let book = self.book().clone();
        let done: Vec<&Call> = book.iter().filter(|call| call.is_done()).collect();
        let mut chosen: Vec<&Call> = done[done.len().saturating_sub(latest)..].to_vec();
        chosen.extend((0..picked.min(done.len())).map(|_| done[self.random.place(done.len())]));
        let mut problems = Vec::new();
        for some in chosen.chunks(100) {
            let batch: Vec<Value> = some.iter().enumerate().map(|(id, call)| call.request(id)).collect();
            let (_, text) = api.post(&Value::from(batch).to_string()).expect("an answer");
            let answers: Vec<Value> = serde_json::from_str(&text).expect("a batch of answers");
            for (id, call) in some.iter().enumerate() {
                let again = answers.iter().find(|answer| answer["id"] == id).expect("an answer to each");
                if call.said != Said::Done(again["result"].clone()) {
                    problems.push(format!("{} of {}: {:?}, then {again}", call.method, call.mark, call.said));
                }
            }
        }
        problems
    }

    /// Where balances and holds contradict the book: cheap, however long it is.
    pub fn sums(&self, api: &Api) -> Vec<String> {
        let book = self.book();
        let mut problems = Vec::new();
        for partner in 1..=i64::try_from(MEMBERS).unwrap() {
            let count = |method: &str, open: bool| {
                let is = |call: &&Call| call.method == method && (call.is_done() || open && call.is_open());
                let counted = book.iter().filter(|call| call.partner == partner).filter(is).count();
                i64::try_from(counted).unwrap()
            };
            let least = GIVEN * count("ledger.adjust", false) - HELD * count("loyalty.capture", true);
            let most = GIVEN * count("ledger.adjust", true) - HELD * count("loyalty.capture", false);
            let ended = |open| count("loyalty.capture", open) + count("loyalty.release", open);
            let least_held = HELD * (count("loyalty.hold", false) - ended(true));
            let most_held = HELD * (count("loyalty.hold", true) - ended(false));
            let (balance, held, _) = api.points(partner);
            let (balance, held) = (hundredths(&balance), hundredths(&held));
            if !(least..=most).contains(&balance) {
                problems.push(format!("member {partner} has {balance}, and not {least} to {most} hundredths"));
            }
            if !(least_held..=most_held).contains(&held) {
                problems.push(format!("member {partner} holds {held}, and not {least_held} to {most_held} hundredths"));
            }
        }
        problems
    }

    /// Where the ledger contradicts the book: what was acknowledged is there exactly once, what was refused is not,
    /// what was left open at most once; nothing else is there; and the sums agree.
    pub fn contradictions(&self, api: &Api) -> Vec<String> {
        let mut problems = self.sums(api);
        let book = self.book();
        let mut marked: BTreeMap<(String, i64), Vec<String>> = BTreeMap::new();
        for partner in 1..=i64::try_from(MEMBERS).unwrap() {
            for entry in entries(api, partner) {
                marked.entry((entry.mark, entry.points)).or_default().push(entry.id);
            }
        }
        for call in book.iter() {
            let Some(points) = call.adds() else { continue };
            let found = marked.remove(&(call.mark.clone(), points)).unwrap_or_default();
            let agrees = match (&call.said, found.as_slice()) {
                (Said::Done(reply), [id]) => reply["entry_id"] == id.as_str(),
                (Said::NothingDone, []) | (Said::Nothing(_), [] | [_]) => true,
                _ => false,
            };
            if !agrees {
                problems.push(format!(
                    "{} of {} was told {:?}, and the ledger has {found:?}",
                    call.method, call.mark, call.said
                ));
            }
        }
        problems.extend(marked.into_iter().map(|(mark, ids)| format!("nobody asked for {mark:?}: {ids:?}")));
        problems
    }

    /// The calls that were done and whose caller was never told.
    pub fn unanswered(&self, api: &Api) -> Vec<String> {
        let mut marks: Vec<(String, i64)> = Vec::new();
        for partner in 1..=i64::try_from(MEMBERS).unwrap() {
            marks.extend(entries(api, partner).into_iter().map(|entry| (entry.mark, entry.points)));
        }
        let book = self.book();
        let untold = book.iter().filter(|call| !call.is_done());
        untold
            .filter(|call| call.adds().is_some_and(|points| marks.contains(&(call.mark.clone(), points))))
            .map(|call| format!("{call:?}"))
            .collect()
    }
}

/// Ends the clients.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What a call is answered.
fn said(api: &Api, call: &Call) -> Said {
    let (status, text) = match api.post(&call.request(1).to_string()) {
        Ok(answer) => answer,
        Err(problem) => return Said::Nothing(problem),
    };
    let answer: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("HTTP {status}: {text}"));
    if let Some(result) = answer.get("result") {
        return Said::Done(result.clone());
    }
    let error = &answer["error"];
    assert_eq!(error["code"], 1401, "{}: {text}", call.method);
    let message = error["message"].as_str().expect("a message");
    assert!(!message.contains('/') && !message.contains("SQL"), "a path or SQL: {message}");
    if error["data"]["outcome"] == "unknown" {
        assert!(!message.contains("nothing was done"), "{message}");
        return Said::Nothing(text);
    }
    assert!(message.contains("nothing was done"), "{message}");
    Said::NothingDone
}

/// All entries of a member.
fn entries(api: &Api, partner: i64) -> Vec<Entry> {
    let mut listed = Vec::new();
    let mut before = Value::Null;
    loop {
        let page = api.call("loyalty.history", json!({"partner_id": partner, "limit": 500, "before": before}));
        for entry in page["entries"].as_array().expect("entries") {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let captured = text(&entry["cause"]["uuid"]);
            listed.push(Entry {
                id: text(&entry["entry_id"]),
                mark: if captured.is_empty() { text(&entry["reason"]) } else { captured },
                points: hundredths(&text(&entry["points"])),
            });
        }
        before = page["next"].clone();
        if before.is_null() {
            return listed;
        }
    }
}
