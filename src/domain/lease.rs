//! A lease: one process at a time does a piece of work, and another takes over when it stops renewing.
//!
//! All times are the database's. Its clock may be set while processes run, so a renewal that lies far in the future is
//! no renewal: nobody waits for a moment that a clock set back has put out of reach.

use chrono::{DateTime, TimeDelta, Utc};

/// How long a wish for the lease is heeded after it was last made.
const WISH_LASTS: TimeDelta = TimeDelta::seconds(5);

/// Who has the lease and who wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaseState {
    /// Counts who had it, from 1; 0 when nobody ever did.
    pub term: i64,
    /// The process that has it; `None` when it was given back.
    pub holder: Option<String>,
    /// When the holder last said that it is there.
    pub renewed_at: DateTime<Utc>,
    /// How long that holds.
    pub lasts: TimeDelta,
    /// Whether the holder is at work.
    pub busy: bool,
    /// Another process that asks for it, and when it last did.
    pub wish: Option<(String, DateTime<Utc>)>,
}

/// A process asks for the lease, or renews its own.
#[derive(Clone, Copy, Debug)]
pub struct LeaseRequest<'a> {
    /// The process.
    pub who: &'a str,
    /// How long it wants it at a time.
    pub lasts: TimeDelta,
    /// Whether the holder shall give it up when it is done with its work.
    pub wish: bool,
    /// Whether it begins to work now; a renewal alone leaves what was said before.
    pub busy: bool,
    /// Tells of a process whether it has certainly ended.
    pub is_gone: fn(&str) -> bool,
}

/// What an asker is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseAnswer {
    /// The lease is the asker's.
    Held {
        /// Its term.
        term: i64,
        /// Whether its last holder left it behind without giving it back.
        left_behind: bool,
    },
    /// It is another's, or another is before the asker.
    Taken,
}

impl LeaseState {
    /// Whether the holder has it now: it renewed it not too long ago, and not in the future.
    #[must_use]
    pub fn is_running(&self, now: DateTime<Utc>) -> bool {
        let age = now.signed_duration_since(self.renewed_at);
        let ahead = self.renewed_at.signed_duration_since(now);
        self.holder.is_some() && age < self.lasts && ahead.num_milliseconds() < self.lasts.num_milliseconds() / 2
    }

    /// Who else wants it now.
    #[must_use]
    pub fn wanted_by_other_than(&self, who: &str, now: DateTime<Utc>) -> bool {
        self.wish.as_ref().is_some_and(|(by, at)| by != who && now.signed_duration_since(*at).abs() < WISH_LASTS)
    }

    /// Gives the lease to the asker, renews it, or notes its wish.
    pub fn ask(&mut self, ask: &LeaseRequest<'_>, now: DateTime<Utc>) -> LeaseAnswer {
        let is_mine = self.holder.as_deref() == Some(ask.who);
        let left_behind =
            !is_mine && self.holder.as_deref().is_some_and(|holder| !self.is_running(now) || (ask.is_gone)(holder));
        let is_free = self.holder.is_none() || left_behind;
        let others_turn = self.wanted_by_other_than(ask.who, now);
        if is_mine || (is_free && !others_turn) {
            if !is_mine {
                self.term = self.term.saturating_add(1);
                self.holder = Some(ask.who.to_owned());
                self.busy = false;
            }
            if self.wish.as_ref().is_some_and(|(by, _)| by == ask.who) {
                self.wish = None;
            }
            self.renewed_at = now;
            self.lasts = ask.lasts;
            self.busy |= ask.busy;
            return LeaseAnswer::Held { term: self.term, left_behind };
        }
        if ask.wish && !others_turn {
            self.wish = Some((ask.who.to_owned(), now));
        }
        LeaseAnswer::Taken
    }

    /// Whoever has it gives it back; nothing when it is another's.
    pub fn give_back(&mut self, who: &str) {
        if self.holder.as_deref() == Some(who) {
            self.holder = None;
            self.busy = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
    }

    fn ask(who: &str) -> LeaseRequest<'_> {
        LeaseRequest { who, lasts: TimeDelta::seconds(30), wish: false, busy: false, is_gone: |_| false }
    }

    fn held(term: i64, left_behind: bool) -> LeaseAnswer {
        LeaseAnswer::Held { term, left_behind }
    }

    #[test]
    fn one_has_it_as_long_as_it_renews() {
        let mut lease = LeaseState::default();
        assert_eq!(lease.ask(&ask("a"), at(0)), held(1, false));
        assert_eq!(lease.ask(&ask("b"), at(20)), LeaseAnswer::Taken);
        assert_eq!(lease.ask(&ask("a"), at(20)), held(1, false));
        assert_eq!(lease.ask(&ask("b"), at(49)), LeaseAnswer::Taken);
        assert_eq!(lease.ask(&ask("b"), at(50)), held(2, true));
        assert_eq!(lease.ask(&ask("a"), at(51)), LeaseAnswer::Taken);
    }

    #[test]
    fn given_back_it_goes_to_whoever_asks_next() {
        let mut lease = LeaseState::default();
        lease.ask(&ask("a"), at(0));
        lease.give_back("b");
        assert_eq!(lease.ask(&ask("b"), at(1)), LeaseAnswer::Taken);
        lease.give_back("a");
        assert_eq!(lease.ask(&ask("b"), at(1)), held(2, false));
    }

    #[test]
    fn a_wish_is_heard_and_goes_before_others() {
        let mut lease = LeaseState::default();
        lease.ask(&ask("a"), at(0));
        assert_eq!(lease.ask(&LeaseRequest { wish: true, ..ask("b") }, at(1)), LeaseAnswer::Taken);
        assert!(lease.wanted_by_other_than("a", at(1)));
        lease.give_back("a");
        assert_eq!(lease.ask(&ask("a"), at(2)), LeaseAnswer::Taken, "it is b's turn");
        assert_eq!(lease.ask(&LeaseRequest { wish: true, ..ask("c") }, at(2)), LeaseAnswer::Taken, "b was first");
        assert_eq!(lease.ask(&LeaseRequest { wish: true, ..ask("b") }, at(2)), held(2, false));
        assert!(!lease.wanted_by_other_than("b", at(2)));
    }

    #[test]
    fn the_wish_of_one_that_went_away_holds_nobody_up() {
        let mut lease = LeaseState::default();
        lease.ask(&ask("a"), at(0));
        lease.ask(&LeaseRequest { wish: true, ..ask("b") }, at(1));
        lease.give_back("a");
        assert_eq!(lease.ask(&ask("a"), at(6)), held(2, false));
    }

    #[test]
    fn a_process_that_has_ended_holds_nothing() {
        let mut lease = LeaseState::default();
        lease.ask(&ask("a"), at(0));
        assert_eq!(lease.ask(&LeaseRequest { is_gone: |who| who == "a", ..ask("b") }, at(1)), held(2, true));
    }

    #[test]
    fn a_clock_that_was_set_back_or_forward_leaves_no_lease_without_end() {
        let mut lease = LeaseState::default();
        lease.ask(&ask("a"), at(300));
        assert_eq!(lease.ask(&ask("b"), at(0)), held(2, true), "back five minutes");
        lease.ask(&ask("b"), at(0));
        assert_eq!(lease.ask(&ask("a"), at(300)), held(3, true), "forward five minutes");
        assert_eq!(lease.ask(&ask("b"), at(295)), LeaseAnswer::Taken, "a clock that is trimmed moves nothing");
    }

    #[test]
    fn work_is_noted_until_it_is_given_back_or_over() {
        let mut lease = LeaseState::default();
        lease.ask(&LeaseRequest { busy: true, ..ask("a") }, at(0));
        lease.ask(&ask("a"), at(10));
        assert!(lease.busy, "a renewal in the middle of the work");
        assert_eq!(lease.ask(&ask("b"), at(60)), held(2, true));
        assert!(!lease.busy);
    }
}
