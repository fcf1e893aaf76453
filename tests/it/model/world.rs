//! The service's side of the model test: takes steps through the front door, and reads what came of them.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::reference::{BEGINNING, FIXED_POINTS, Hold, Ledger, Lots, MERGE_SECONDS, Outcome, Reward, earned};
use super::steps::Step;
use crate::support::{Clock, Cluster, Database, Service, Sold, line, number, reward_line, uuid};

/// Cases that one service serves: its orders grow, and every pass compares them all.
const CASES: usize = 20;
/// Entries of each history that are compared after every step; all of them at the end of a case.
const RECENT: usize = 10;
/// The amount of the draft that is quoted after every step, in cents.
const QUOTED: i64 = 2_345;
/// Services that are running, for the next cases.
static IDLE: Mutex<Vec<World>> = Mutex::new(Vec::new());

/// A service and its database, with a clock of their own that only goes forward.
struct World {
    service: Service,
    cases: usize,
    time: Time,
}

/// The clock, and on PostgreSQL the server that sees it: holds end by the database's time.
struct Time {
    clock: Clock,
    ahead: TimeDelta,
    cluster: Option<Cluster>,
}

/// One case: members of its own in a service that others had before.
pub struct Case {
    world: World,
    /// The day on which it began.
    first_day: DateTime<Utc>,
    /// Where the model's time stands.
    seconds: i64,
    partners: Vec<i64>,
    orders: Vec<Sold>,
    /// Each hold's id, and the order it is for.
    holds: Vec<(String, String)>,
    /// Calls with a key: what was asked, and the whole answer.
    keyed: Vec<(&'static str, Value, Value)>,
    /// Of the members, what waited for a manager before.
    exceptions_before: usize,
}

/// Points as the API writes them.
fn points(hundredths: i64) -> String {
    let (sign, size) = (if hundredths < 0 { "-" } else { "" }, hundredths.abs());
    let text = format!("{sign}{}.{:02}", size / 100, size % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Cents as a decimal.
fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn program() -> Value {
    json!({
        "code": "club", "name": "Club", "currency": "USD",
        "earning": {"decimals": 2, "rules": [
            {"code": "tens", "kind": "per_amount", "every": "10.00", "points": "3"},
            {"code": "all", "kind": "per_amount", "every": "1.00", "points": "0.5", "step": "prorata"},
        ]},
        "expiry": {"after_days": 2},
        "rewards": [
            {"code": "fixed", "name": "5 off", "kind": "discount_amount", "points": "40", "amount": "5.00"},
            {"code": "pay", "name": "Pay", "kind": "discount_per_point", "rate": "0.05"},
        ],
    })
}

impl Time {
    fn new() -> Self {
        let clock = Clock::new();
        let on_postgres = std::env::var("LOYALTY_TEST_DATABASE").is_ok_and(|database| database == "postgres");
        let cluster = on_postgres.then(|| Cluster::start_with(&clock.environment()));
        Self { clock, ahead: TimeDelta::zero(), cluster }
    }

    fn database(&self) -> Database {
        self.cluster.as_ref().map_or_else(Database::sqlite, |cluster| Database::on(cluster.url()))
    }

    /// What the service and its database take for now.
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + self.ahead
    }

    fn advance(&mut self, by: TimeDelta) {
        self.ahead += TimeDelta::seconds(by.num_seconds());
        self.clock.set(self.ahead.num_seconds());
    }
}

impl World {
    fn new(time: Time) -> Self {
        let moved = time.clock.environment();
        let mut environment: Vec<(&str, &str)> =
            moved.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        environment.extend([
            ("LOYALTY__SYNC__SWEEP_HOURS", "0"),
            // Days that go by are no sign that the process died: it reads when it is told to, not to catch up.
            ("LOYALTY__SYNC__LEASE_SECONDS", "315360000"),
            // Orders that nobody pays are no news here, however many days go by.
            ("LOYALTY__SYNC__CAPTURE_GRACE_HOURS", "876000"),
            ("LOYALTY__LOG__LEVEL", "warn"),
        ]);
        let service = Service::on(time.database(), &environment);
        service.admin.call("program.put", json!({"program": program()}));
        Self { service, cases: 0, time }
    }

    /// The same, or another once this one has served its time.
    fn or_fresh(self) -> Self {
        if self.cases < CASES {
            return self;
        }
        let Self { service, time, .. } = self;
        drop(service);
        Self::new(time)
    }
}

/// Ends the services that were kept for the next cases.
pub fn end() {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

impl Case {
    /// New members, early on a day of their own: so much of it is left that no case sees its end by itself.
    pub fn new(members: usize) -> Self {
        let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut world = idle.map_or_else(|| World::new(Time::new()), World::or_fresh);
        world.cases += 1;
        let now = world.time.now();
        let first_day = (now + TimeDelta::days(1)).date_naive().and_time(NaiveTime::MIN).and_utc();
        world.time.advance(first_day + TimeDelta::seconds(BEGINNING) - now);
        let shop = &world.service.shop.shop;
        shop.set_clock(world.time.now());
        let partners = (0..members)
            .map(|number| shop.insert("res.partner", json!({"name": format!("Member {number}"), "active": true})))
            .collect();
        let mut case = Self {
            world,
            first_day,
            seconds: BEGINNING,
            partners,
            orders: Vec::new(),
            holds: Vec::new(),
            keyed: Vec::new(),
            exceptions_before: 0,
        };
        // What the case before left unread is its own.
        case.sync();
        case.exceptions_before = case.exceptions().len();
        case
    }

    fn call(&self, method: &str, params: Value) -> Result<Value, String> {
        self.world.service.admin.try_call(method, params).map_err(|failed| failed.kind)
    }

    fn sync(&self) {
        self.world.service.admin.sync();
    }

    /// What waits for a manager, but for debts: they are over by themselves.
    fn exceptions(&self) -> Vec<String> {
        let mut kinds = Vec::new();
        let mut before = Value::Null;
        loop {
            let ask = json!({"limit": 500, "before": before});
            let mut page = self.world.service.admin.call("exception.list", ask);
            let all = page["exceptions"].as_array().unwrap();
            kinds.extend(all.iter().map(|one| one["kind"].as_str().unwrap().to_owned()));
            before = page["next"].take();
            if before.is_null() {
                kinds.retain(|kind| kind != "debt");
                return kinds;
            }
        }
    }

    /// Whether each member is in debt, as the model and the exceptions say.
    fn compare_debts(&self, ledger: &Ledger) {
        for (member, partner) in self.partners.iter().enumerate() {
            let ask = json!({"state": "open", "kind": "debt", "partner_id": partner});
            let listed = self.world.service.admin.call("exception.list", ask);
            let expected = usize::from(ledger.available(member) < 0);
            assert_eq!(listed["exceptions"].as_array().unwrap().len(), expected, "debts of member {member}: {listed}");
        }
    }

    fn draft(&self, uuid: &str, member: usize, total: i64) -> Value {
        json!({"uuid": uuid, "company_id": 1, "currency": "USD", "partner_id": self.partners[member],
               "lines": [{"product_id": 1, "qty": "1", "price_subtotal": money(total),
                          "price_subtotal_incl": money(total)}]})
    }

    /// Calls with a key, and keeps question and answer.
    fn keyed(&mut self, method: &'static str, params: Value) -> Value {
        let answer = self.world.service.admin.answer(method, &params).expect("an answer");
        self.keyed.push((method, params, answer.clone()));
        answer
    }

    fn sell(&mut self, partner: Option<usize>, uuid: &str, lines: &[Value], days_ago: i64) {
        let shop = &self.world.service.shop;
        shop.shop.set_clock(self.world.time.now());
        let at = self.world.time.now() - TimeDelta::days(days_ago);
        let partner = partner.map(|member| self.partners[member]);
        let sold = shop.sell_at(at, partner, uuid, lines);
        self.orders.push(sold);
    }

    fn change(&self, order: usize, values: Value) {
        self.world.service.shop.shop.set_clock(self.world.time.now());
        self.world.service.shop.change_order(self.orders[order].id, values);
    }

    fn refund(&mut self, member: Option<usize>, line: i64, product: i64, quantity: &str, amount: &str) {
        let returned = json!({"product_id": product, "qty": number(quantity),
            "price_subtotal": number(amount), "price_subtotal_incl": number(amount),
            "refunded_orderline_id": line});
        self.sell(member, &uuid(), &[returned], 0);
    }

    fn hold(
        &mut self,
        ledger: &Ledger,
        member: usize,
        reward: Reward,
        (order, total): (String, i64),
        instead_of: Option<usize>,
    ) {
        let replaces = instead_of.map(|hold| self.holds[hold].0.clone());
        let (code, cost) = match reward {
            Reward::Fixed => ("fixed", Value::Null),
            Reward::Pay(points) => ("pay", json!(points.to_string())),
        };
        let answer = self.keyed(
            "loyalty.hold",
            json!({"idempotency_key": uuid(), "partner_id": self.partners[member], "program": "club",
                   "reward": code, "points": cost, "replaces": replaces, "order": self.draft(&order, member, total)}),
        );
        if ledger.last == Outcome::Done {
            let hold = &answer["result"];
            assert_eq!(hold["points"], points(reward.points()), "{answer}");
            assert_eq!(hold["discount"], money(reward.discount()), "{answer}");
            self.holds.push((hold["hold_id"].as_str().unwrap().to_owned(), order));
        } else {
            assert_eq!(ledger.last, refusal(&answer), "{answer}");
        }
    }

    /// Takes a step that the model has taken already.
    #[expect(clippy::too_many_lines, reason = "one arm a step")]
    pub fn take(&mut self, ledger: &Ledger, step: &Step) {
        match step {
            Step::Sell(sales) => {
                for sale in sales {
                    let goods = line(1, &sale.pieces.to_string(), &money(sale.price * sale.pieces));
                    self.sell(sale.to, &uuid(), &[goods], sale.days_ago);
                }
            }
            Step::Hold { by, reward, pieces, price } => {
                self.hold(ledger, *by, *reward, (uuid(), price * pieces), None);
            }
            Step::Replace { hold, reward, pieces, price } => {
                let order = self.holds[*hold].1.clone();
                self.hold(ledger, ledger.holds[*hold].member, *reward, (order, price * pieces), Some(*hold));
            }
            Step::HoldAgain { beside, reward } => {
                let Hold { member, pieces, price, .. } = ledger.holds[*beside];
                let order = self.holds[*beside].1.clone();
                self.hold(ledger, member, *reward, (order, price * pieces), None);
            }
            Step::Capture(hold) => {
                let (id, order) = &self.holds[*hold];
                let answer = self.call("loyalty.capture", json!({"hold_id": id, "order": {"uuid": order}}));
                match (&ledger.last, answer) {
                    (Outcome::Balance(balance), Ok(captured)) => assert_eq!(captured["balance"], points(*balance)),
                    (Outcome::Refused(kind), Err(refused)) => assert_eq!(*kind, refused),
                    (expected, answer) => panic!("{answer:?} instead of {expected:?}"),
                }
            }
            Step::Release(hold) => {
                let answer = self.call("loyalty.release", json!({"hold_id": self.holds[*hold].0, "reason": "test"}));
                match (&ledger.last, answer) {
                    (Outcome::Done, Ok(released)) => assert_eq!(released, json!({"released": true})),
                    (Outcome::Refused(kind), Err(refused)) => assert_eq!(*kind, refused),
                    (expected, answer) => panic!("{answer:?} instead of {expected:?}"),
                }
            }
            Step::Pay(hold) => {
                let Hold { member, pieces, price, reward, .. } = ledger.holds[*hold];
                let (id, order) = self.holds[*hold].clone();
                let goods = line(1, &pieces.to_string(), &money(price * pieces));
                self.sell(Some(member), &order, &[goods, reward_line(&id, &money(reward.discount()))], 0);
            }
            Step::ReturnGoods { sale, pieces } => {
                let order = &ledger.orders[*sale];
                let (amount, of) = (money(order.price * pieces), self.orders[*sale].lines[0]);
                self.refund(order.member, of, 1, &format!("-{pieces}"), &format!("-{amount}"));
            }
            Step::ReturnReward { sale, halves } => {
                let order = &ledger.orders[*sale];
                let discount = ledger.holds[order.hold.expect("a reward")].reward.discount();
                let (amount, of) = (money(discount * halves / 2), self.orders[*sale].lines[1]);
                self.refund(order.member, of, 3, if *halves == 1 { "-0.5" } else { "-1" }, &amount);
            }
            Step::Cancel(order) => self.change(*order, json!({"state": "cancel"})),
            Step::Customer { sale, is } => {
                let partner = is.map_or(json!(false), |member| json!(self.partners[member]));
                self.change(*sale, json!({"partner_id": partner}));
            }
            Step::Adjust { of, points: by } => {
                let answer = self.keyed(
                    "ledger.adjust",
                    json!({"idempotency_key": uuid(), "partner_id": self.partners[*of], "program": "club",
                           "points": points(*by), "reason": "a correction"}),
                );
                assert_eq!(ledger.last, Outcome::Balance(ledger.members[*of].balance));
                assert_eq!(answer["result"]["balance"], points(ledger.members[*of].balance), "{answer}");
            }
            Step::Merge { from, into } => {
                // An order of nobody, long after the others: of them no window shows anything any more.
                self.wait(MERGE_SECONDS);
                self.world.service.shop.shop.set_clock(self.world.time.now());
                self.world.service.shop.sell_lines(None, &uuid(), &[line(1, "1", "1.00")]);
                self.sync();
                // Raw SQL and a deletion: the sweep of the next pass must find it.
                let shop = &self.world.service.shop.shop;
                let (from, into) = (self.partners[*from], self.partners[*into]);
                for order in &self.orders {
                    if shop.kept("pos.order", order.id, "partner_id") == Some(json!(from)) {
                        shop.update_silently("pos.order", order.id, json!({"partner_id": into}));
                    }
                }
                shop.delete("res.partner", from);
                self.sync();
            }
            Step::Wait { .. } | Step::Evening => self.wait(ledger.seconds - self.seconds),
            Step::Replay(call) => {
                let (method, params, before) = &self.keyed[*call];
                let again = self.world.service.admin.answer(method, params).expect("an answer");
                assert_eq!(again, *before, "another reply to the same key");
            }
            Step::Read => self.sync(),
            Step::Restart => {
                self.world.service.kill();
                self.world.service.launch();
                self.sync();
            }
        }
    }

    /// Time goes by, and shows.
    fn wait(&mut self, seconds: i64) {
        self.seconds += seconds;
        self.world.time.advance(TimeDelta::seconds(seconds));
        // Whoever is touched shows what time has done; a reward that fits no order touches and does no more.
        let nothing: Vec<(&str, Value)> = (0..self.partners.len())
            .map(|member| {
                let ask = json!({"idempotency_key": uuid(), "partner_id": self.partners[member], "program": "club",
                                 "reward": "fixed", "order": self.draft(&uuid(), member, 1)});
                ("loyalty.hold", ask)
            })
            .collect();
        for answer in self.world.service.admin.answers(&nothing) {
            assert!(answer.get("error").is_some(), "a reward of 5.00 on an order of 0.01: {answer}");
        }
    }

    /// Reads what there is to read, and compares it with the model.
    pub fn compare(&self, ledger: &Ledger) {
        self.compare_with(ledger, RECENT);
    }

    /// Of each history the last `entries`.
    fn compare_with(&self, ledger: &Ledger, entries: usize) {
        let first = ledger.members.iter().position(|member| !member.gone).unwrap_or(0);
        let mut asked = vec![
            ("loyalty.balance", json!({"partner_ids": self.partners})),
            ("loyalty.quote", json!({"order": self.draft(&uuid(), first, QUOTED)})),
        ];
        asked.extend(
            self.partners.iter().map(|partner| ("loyalty.history", json!({"partner_id": partner, "limit": entries}))),
        );
        let told = self.world.service.admin.batch(&asked);
        for (number, member) in ledger.members.iter().enumerate() {
            // The model is sound itself: entries, lots and balance say the same.
            assert_eq!(member.sum(), member.balance);
            assert_eq!(member.lots.values().sum::<i64>(), member.balance.max(0));
            self.compare_balance(ledger, number, &told[0][number]["programs"][0]);

            let history = told[2 + number]["entries"].as_array().unwrap();
            let newest: Vec<(String, String, String)> = history.iter().map(entry).collect();
            let expected = member.entries.iter().rev().take(entries);
            let expected: Vec<(String, String, String)> =
                expected.map(|(kind, by, after)| ((*kind).to_owned(), points(*by), points(*after))).collect();
            assert_eq!(newest, expected, "the history of member {number}, newest first");
        }
        // What a till is told of the first member that Odoo still has.
        let club = &told[1]["programs"][0];
        let earns = earned(4 * QUOTED);
        assert_eq!(club["earns"], points(earns));
        assert_eq!(club["balance_after"], points(ledger.members[first].balance + earns));
        let fixed = &club["rewards"][0];
        assert_eq!(fixed["applicable"], ledger.available(first) >= FIXED_POINTS, "{fixed}");
    }

    fn compare_balance(&self, ledger: &Ledger, number: usize, shown: &Value) {
        let told = |name: &str| shown[name].as_str().unwrap().to_owned();
        let (balance, held) = (ledger.members[number].balance, ledger.held(number));
        assert_eq!(told("balance"), points(balance), "the balance of member {number}");
        assert_eq!(told("held"), points(held), "what is held of member {number}");
        assert_eq!(told("available"), points(balance - held), "what is available to member {number}");
        let expiring: Lots = shown["expiring"].as_array().unwrap().iter().map(|lot| self.lot(lot)).collect();
        assert_eq!(expiring, ledger.expiring(number), "what expires of member {number}");
    }

    /// A lot that the API lists: the day its points are gone, and how many they are.
    fn lot(&self, lot: &Value) -> (i64, i64) {
        let on: DateTime<Utc> = lot["on"].as_str().unwrap().parse().unwrap();
        let day = (on - self.first_day).num_days();
        let text = lot["points"].as_str().unwrap();
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        (day, format!("{whole}{rest:0<2}").parse().unwrap())
    }

    /// The whole ledger verifies.
    pub fn verified(&self) {
        self.world.service.admin.verified();
    }

    /// What waits for a manager is what the model says, the ledger verifies, and the service is free for another case.
    pub fn end(self, ledger: &Ledger) {
        self.compare_with(ledger, 500);
        self.compare_debts(ledger);
        let mut raised = self.exceptions();
        // The newest are told first.
        raised.truncate(raised.len() - self.exceptions_before);
        raised.sort();
        let expected: Vec<&str> = ledger.exceptions.keys().map(|(kind, _)| *kind).collect();
        assert_eq!(raised, expected, "what waits for a manager");
        self.verified();
        IDLE.lock().unwrap_or_else(PoisonError::into_inner).push(self.world);
    }
}

/// The kind of an error, as the model says it.
fn refusal(answer: &Value) -> Outcome {
    let kind = answer["error"]["data"]["kind"].as_str();
    let known = ["insufficient_points", "hold_expired", "hold_captured", "hold_released"];
    match known.into_iter().find(|known| Some(*known) == kind) {
        Some(known) => Outcome::Refused(known),
        None => panic!("{kind:?} is not expected: {answer}"),
    }
}

fn entry(entry: &Value) -> (String, String, String) {
    let text = |name: &str| entry[name].as_str().unwrap().to_owned();
    (text("kind"), text("points"), text("balance_after"))
}
