//! The one table of methods: who may call each, what it takes, what it answers, what can go wrong.
//!
//! [`super::envelope`] refuses by it and `rpc.discover` is made of it. Each row has a [`Name`], by which alone a method
//! is registered: one that is in no row cannot be, and a row without a handler does not compile (see [`super`]).

use super::method::system;
use crate::auth::token::Role;

/// One method.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// The least role that may call it.
    pub role: Role,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// Its parameters, all by name.
    pub params: &'static [Param],
    /// The schema of its result: a name of [`crate::rpc::param::schema`].
    pub result: &'static str,
    /// The kinds of error of its own, besides those that any call can get.
    pub errors: &'static [&'static str],
    /// A call and its reply, `{"params", "result"}`, as API.md shows it. A test makes the call and compares the reply.
    pub example: &'static str,
}

impl Method {
    /// What its name begins with.
    #[must_use]
    pub fn group(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(group, _)| group)
    }
}

/// One parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be given.
    pub required: bool,
    /// Its schema: a name of [`crate::rpc::param::schema`].
    pub schema: &'static str,
    /// What it is for, in a sentence.
    pub meaning: &'static str,
}

const fn needs(name: &'static str, schema: &'static str, meaning: &'static str) -> Param {
    Param { name, required: true, schema, meaning }
}

const fn takes(name: &'static str, schema: &'static str, meaning: &'static str) -> Param {
    Param { name, required: false, schema, meaning }
}

const KEY: Param = needs(
    "idempotency_key",
    "IdempotencyKey",
    "Fresh for each new request, repeated on retries: the same call is done once.",
);
const LIMIT: Param = takes("limit", "Limit", "How many rows the page has at most.");
const BEFORE: Param = takes("before", "Place", "The `next` of the page before; absent for the first page.");
const ON_BEHALF_OF: Param =
    takes("on_behalf_of", "Claim", "The person for whom the caller acts. It is kept, and nobody checks it.");

/// Errors that any call can get.
pub const COMMON_ERRORS: &[&str] = &["invalid_params", "forbidden", "unavailable", "internal_error"];

/// Of `Name => row, …`: the names, and the rows behind them.
macro_rules! table {
    ($($name:ident => $row:expr,)*) => {
        /// Every method there is.
        #[allow(missing_docs, reason = "the row says what each is")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Name {
            $($name,)*
        }

        impl Name {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its row.
            #[must_use]
            pub const fn row(self) -> &'static Method {
                match self {
                    $(Self::$name => {
                        const ROW: Method = $row;
                        &ROW
                    })*
                }
            }
        }
    };
}

// By name, in order.
table! {
    ExceptionList => Method {
        name: "exception.list",
        role: Role::Viewer,
        summary: "What a manager must look at, newest first, a page at a time: all of it, or of one state, kind or member.",
        params: &[
            takes("state", "ExceptionState", "Only those of this state."),
            takes("kind", "ExceptionKind", "Only those of this kind."),
            takes("partner_id", "Id", "Only this member's."),
            LIMIT,
            BEFORE,
        ],
        result: "Exceptions",
        errors: &[],
        example: include_str!("reference/examples/exception.list.json"),
    },
    ExceptionResolve => Method {
        name: "exception.resolve",
        role: Role::Manager,
        summary: "Notes that a manager has dealt with an exception; doing so again keeps the first note. `on_behalf_of` is \
                  kept as the caller's claim.",
        params: &[needs("exception_id", "Uuid", "The exception."), needs("note", "Note", "What was done about it."), ON_BEHALF_OF],
        result: "Resolved",
        errors: &[],
        example: include_str!("reference/examples/exception.resolve.json"),
    },
    LedgerAdjust => Method {
        name: "ledger.adjust",
        role: Role::Manager,
        summary: "Adds points to a member by hand, or takes them, with a reason. `on_behalf_of` is kept as the caller's \
                  claim, beside the actor.",
        params: &[
            KEY,
            needs("partner_id", "Id", "The member."),
            needs("program", "Code", "The program's code."),
            needs("points", "Points", "How many are added; below zero they are taken."),
            needs("reason", "Text", "Why; it is shown in the history."),
            ON_BEHALF_OF,
        ],
        result: "Posted",
        errors: &["idempotency_conflict", "unknown_program", "unknown_partner"],
        example: include_str!("reference/examples/ledger.adjust.json"),
    },
    LedgerRedact => Method {
        name: "ledger.redact",
        role: Role::Admin,
        summary: "Erases the texts of an entry (reason, name of the cause, actor), on a ground that is kept. Points, ids and \
                  the hash chain stay. Doing so again answers the first certificate.",
        params: &[needs("entry_id", "Uuid", "The entry."), needs("ground", "Text", "Why; it is kept for ever, so it must name nobody.")],
        result: "Redacted",
        errors: &["unknown_entry"],
        example: include_str!("reference/examples/ledger.redact.json"),
    },
    LedgerVerify => Method {
        name: "ledger.verify",
        role: Role::Admin,
        summary: "Checks every invariant of the books and lists what breaks one.",
        params: &[],
        result: "Verification",
        errors: &[],
        example: include_str!("reference/examples/ledger.verify.json"),
    },
    LoyaltyBalance => Method {
        name: "loyalty.balance",
        role: Role::Pos,
        summary: "Balances of members, one for each id in the order asked for; unknown members have zeros.",
        params: &[needs("partner_ids", "Ids", "The members, at most 1000.")],
        result: "Balances",
        errors: &[],
        example: include_str!("reference/examples/loyalty.balance.json"),
    },
    LoyaltyCapture => Method {
        name: "loyalty.capture",
        role: Role::Pos,
        summary: "Spends a hold, because its order is paid. The same call again gives the same reply.",
        params: &[needs("hold_id", "Uuid", "The hold."), needs("order", "PaidOrder", "The paid order: the one whose draft the hold was made for.")],
        result: "Posted",
        errors: &["unknown_hold", "hold_expired", "hold_captured", "hold_released", "hold_of_other_order"],
        example: include_str!("reference/examples/loyalty.capture.json"),
    },
    LoyaltyExplain => Method {
        name: "loyalty.explain",
        role: Role::Viewer,
        summary: "Why an entry is what it is, so that it can be computed again by hand.",
        params: &[needs("entry_id", "Uuid", "The entry.")],
        result: "Explanation",
        errors: &["unknown_entry"],
        example: include_str!("reference/examples/loyalty.explain.json"),
    },
    LoyaltyHistory => Method {
        name: "loyalty.history",
        role: Role::Pos,
        summary: "A member's entries, newest first, a page at a time. Each program's entries come in the order of its \
                  balance.",
        params: &[
            needs("partner_id", "Id", "The member."),
            takes("program", "Code", "Only this program's entries."),
            LIMIT,
            BEFORE,
        ],
        result: "History",
        errors: &["unknown_program"],
        example: include_str!("reference/examples/loyalty.history.json"),
    },
    LoyaltyHold => Method {
        name: "loyalty.hold",
        role: Role::Pos,
        summary: "Sets points aside for a reward on a draft order. With `replaces`, the new hold takes the place of an \
                  open hold of the same order, or the old one stays. The same key again gives the same reply.",
        params: &[
            KEY,
            needs("partner_id", "Id", "The member whose points it takes."),
            needs("program", "Code", "The program's code."),
            needs("reward", "Code", "The reward's code."),
            takes("points", "Points", "For `discount_per_point` alone: how many to spend; absent for the most that fits."),
            takes("replaces", "Uuid", "An open hold of the same order that the new one takes the place of."),
            needs("order", "Draft", "The draft order."),
        ],
        result: "Hold",
        errors: &[
            "insufficient_points",
            "below_minimum",
            "reward_not_applicable",
            "idempotency_conflict",
            "unknown_program",
            "unknown_reward",
            "unknown_partner",
            "unknown_hold",
            "hold_expired",
            "hold_captured",
            "hold_released",
            "hold_of_other_order",
        ],
        example: include_str!("reference/examples/loyalty.hold.json"),
    },
    LoyaltyQuote => Method {
        name: "loyalty.quote",
        role: Role::Pos,
        summary: "What a draft order would earn, and which rewards it could have.",
        params: &[needs("order", "Draft", "The draft order.")],
        result: "Quote",
        errors: &[],
        example: include_str!("reference/examples/loyalty.quote.json"),
    },
    LoyaltyRelease => Method {
        name: "loyalty.release",
        role: Role::Pos,
        summary: "Gives a hold up: its points are available again. The same call again gives the same reply.",
        params: &[needs("hold_id", "Uuid", "The hold."), needs("reason", "Text", "Why.")],
        result: "Released",
        errors: &["unknown_hold", "hold_captured"],
        example: include_str!("reference/examples/loyalty.release.json"),
    },
    MemberEnrol => Method {
        name: "member.enrol",
        role: Role::Pos,
        summary: "Enrols a member in a program that asks for it: orders placed from now on earn; from `since` on with a token \
                  of the role admin.",
        params: &[needs("partner_id", "Id", "The member."), needs("program", "Code", "The program's code."), takes("since", "Time", "From when orders count; now unless given. Needs the role admin.")],
        result: "Enrolled",
        errors: &["unknown_program", "unknown_partner"],
        example: include_str!("reference/examples/member.enrol.json"),
    },
    MemberLeave => Method {
        name: "member.leave",
        role: Role::Pos,
        summary: "Ends a member's enrolment: points stay, none are earned or spent until the member enrols again.",
        params: &[needs("partner_id", "Id", "The member."), needs("program", "Code", "The program's code.")],
        result: "Left",
        errors: &["unknown_program", "unknown_partner"],
        example: include_str!("reference/examples/member.leave.json"),
    },
    MemberList => Method {
        name: "member.list",
        role: Role::Viewer,
        summary: "Members and their points, a row for each member and program, by partner from the greatest id down, a page \
                  at a time. `search` is part of the name, or the partner's id. With `with_points` a page may be shorter \
                  than `limit`: only a `next` of null is the end.",
        params: &[
            takes("program", "Code", "Only this program's members."),
            takes("search", "Search", "Part of the name, or the partner's id."),
            takes("with_points", "Flag", "Only those with a balance above zero."),
            takes("limit", "LongLimit", LIMIT.meaning),
            BEFORE,
        ],
        result: "Members",
        errors: &["unknown_program"],
        example: include_str!("reference/examples/member.list.json"),
    },
    MemberTransfer => Method {
        name: "member.transfer",
        role: Role::Admin,
        summary: "Moves everything of a member to another, in all programs: points with their expiry, debts and open holds.",
        params: &[
            KEY,
            needs("from_partner_id", "Id", "Whose points, debts and holds are moved."),
            needs("to_partner_id", "Id", "Who gets them."),
            needs("reason", "Text", "Why; it is shown in both histories."),
        ],
        result: "Transferred",
        errors: &["idempotency_conflict", "unknown_partner"],
        example: include_str!("reference/examples/member.transfer.json"),
    },
    ProgramArchive => Method {
        name: "program.archive",
        role: Role::Admin,
        summary: "Ends a program: orders dated later earn nothing. Putting it again revives it.",
        params: &[needs("code", "Code", "The program's code.")],
        result: "Archived",
        errors: &["unknown_program"],
        example: include_str!("reference/examples/program.archive.json"),
    },
    ProgramGet => Method {
        name: "program.get",
        role: Role::Viewer,
        summary: "One version of a program: the latest, unless another is named. With `describe`, also in the words of \
                  `program check`.",
        params: &[needs("code", "Code", "The program's code."), takes("version", "Version", "Which version; the latest unless given."), takes("describe", "Flag", "Also says it in plain words.")],
        result: "ProgramVersion",
        errors: &["unknown_program"],
        example: include_str!("reference/examples/program.get.json"),
    },
    ProgramList => Method {
        name: "program.list",
        role: Role::Viewer,
        summary: "All programs.",
        params: &[],
        result: "Programs",
        errors: &[],
        example: include_str!("reference/examples/program.list.json"),
    },
    ProgramPut => Method {
        name: "program.put",
        role: Role::Admin,
        summary: "Puts a version of a program. The same document again is the same version.",
        params: &[needs("program", "Program", "The whole document."), takes("effective_from", "Time", "From when it holds. A first version holds for all the past, a later one from now, unless this says otherwise; in the past it recomputes the orders concerned.")],
        result: "Put",
        errors: &["invalid_program"],
        example: include_str!("reference/examples/program.put.json"),
    },
    RedemptionList => Method {
        name: "redemption.list",
        role: Role::Viewer,
        summary: "Rewards that were redeemed, by the moment of their capture, newest first, a page at a time; with the state \
                  open, holds that wait for their order to be paid, by when they were made. `from` counts, `to` does not.",
        params: &[
            takes("from", "Time", "From when, included."),
            takes("to", "Time", "To when, excluded."),
            takes("program", "Code", "Only this program's."),
            takes("pos_config_id", "Id", "Only this till's."),
            takes("partner_id", "Id", "Only this member's."),
            takes("state", "ListedState", "`captured` lists what was redeemed, `open` holds that wait."),
            LIMIT,
            BEFORE,
        ],
        result: "Redemptions",
        errors: &["unknown_program"],
        example: include_str!("reference/examples/redemption.list.json"),
    },
    RpcDiscover => system::DISCOVER,
    SyncNotify => Method {
        name: "sync.notify",
        role: Role::Pos,
        summary: "A hint that these orders changed in Odoo; polling remains the truth.",
        params: &[needs("order_ids", "Ids", "Ids of `pos.order`, at most 1000.")],
        result: "Queued",
        errors: &[],
        example: include_str!("reference/examples/sync.notify.json"),
    },
    SyncRun => Method {
        name: "sync.run",
        role: Role::Admin,
        summary: "A whole pass over Odoo, after the one that may be running; answers when it is done.",
        params: &[],
        result: "SyncRun",
        errors: &[],
        example: include_str!("reference/examples/sync.run.json"),
    },
    SyncStatus => Method {
        name: "sync.status",
        role: Role::Viewer,
        summary: "How far Odoo has been read, and what stood in the way.",
        params: &[],
        result: "SyncStatus",
        errors: &[],
        example: include_str!("reference/examples/sync.status.json"),
    },
    SystemVersion => system::VERSION,
}

impl Name {
    /// The method of that name on the wire.
    #[must_use]
    pub fn find(wire: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|name| name.row().name == wire)
    }
}
