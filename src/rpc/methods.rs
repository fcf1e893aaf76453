//! The one table of methods: who may call each, what it takes, what it answers, what can go wrong.
//!
//! [`super::envelope`] refuses by it and `rpc.discover` is made of it. Each row has a [`Name`], by which alone a method
//! is registered: one that is in no row cannot be, and a row without a handler does not compile (see [`super`]).

use super::token::Role;

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
    /// The schema of its result: a name of [`super::schemas`].
    pub result: &'static str,
    /// The kinds of error of its own, besides those that any call can get.
    pub errors: &'static [&'static str],
}

/// One parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be given.
    pub required: bool,
    /// Its schema: a name of [`super::schemas`].
    pub schema: &'static str,
}

const fn needs(name: &'static str, schema: &'static str) -> Param {
    Param { name, required: true, schema }
}

const fn takes(name: &'static str, schema: &'static str) -> Param {
    Param { name, required: false, schema }
}

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
            takes("state", "ExceptionState"),
            takes("kind", "ExceptionKind"),
            takes("partner_id", "Id"),
            takes("limit", "Limit"),
            takes("before", "Place"),
        ],
        result: "Exceptions",
        errors: &[],
    },
    ExceptionResolve => Method {
        name: "exception.resolve",
        role: Role::Manager,
        summary: "Notes that a manager has dealt with an exception; doing so again keeps the first note. `on_behalf_of` is \
                  kept as the caller's claim.",
        params: &[needs("exception_id", "Uuid"), needs("note", "Note"), takes("on_behalf_of", "Claim")],
        result: "Resolved",
        errors: &[],
    },
    LedgerAdjust => Method {
        name: "ledger.adjust",
        role: Role::Manager,
        summary: "Adds points to a member by hand, or takes them, with a reason. `on_behalf_of` is kept as the caller's \
                  claim, beside the actor.",
        params: &[
            needs("idempotency_key", "IdempotencyKey"),
            needs("partner_id", "Id"),
            needs("program", "Code"),
            needs("points", "Points"),
            needs("reason", "Text"),
            takes("on_behalf_of", "Claim"),
        ],
        result: "Posted",
        errors: &["idempotency_conflict", "unknown_program", "unknown_partner"],
    },
    LedgerRedact => Method {
        name: "ledger.redact",
        role: Role::Admin,
        summary: "Erases the texts of an entry (reason, name of the cause, actor), on a ground that is kept. Points, ids and \
                  the hash chain stay. Doing so again answers the first certificate.",
        params: &[needs("entry_id", "Uuid"), needs("ground", "Text")],
        result: "Redacted",
        errors: &["unknown_entry"],
    },
    LedgerVerify => Method {
        name: "ledger.verify",
        role: Role::Admin,
        summary: "Checks every invariant of the books and lists what breaks one.",
        params: &[],
        result: "Verification",
        errors: &[],
    },
    LoyaltyBalance => Method {
        name: "loyalty.balance",
        role: Role::Pos,
        summary: "Balances of members, one for each id in the order asked for; unknown members have zeros.",
        params: &[needs("partner_ids", "Ids")],
        result: "Balances",
        errors: &[],
    },
    LoyaltyCapture => Method {
        name: "loyalty.capture",
        role: Role::Pos,
        summary: "Spends a hold, because its order is paid. The same call again gives the same reply.",
        params: &[needs("hold_id", "Uuid"), needs("order", "PaidOrder")],
        result: "Posted",
        errors: &["unknown_hold", "hold_expired", "hold_captured", "hold_released", "hold_of_other_order"],
    },
    LoyaltyExplain => Method {
        name: "loyalty.explain",
        role: Role::Viewer,
        summary: "Why an entry is what it is, so that it can be computed again by hand.",
        params: &[needs("entry_id", "Uuid")],
        result: "Explanation",
        errors: &["unknown_entry"],
    },
    LoyaltyHistory => Method {
        name: "loyalty.history",
        role: Role::Pos,
        summary: "A member's entries, newest first, a page at a time. Each program's entries come in the order of its \
                  balance.",
        params: &[
            needs("partner_id", "Id"),
            takes("program", "Code"),
            takes("limit", "Limit"),
            takes("before", "Place"),
        ],
        result: "History",
        errors: &["unknown_program"],
    },
    LoyaltyHold => Method {
        name: "loyalty.hold",
        role: Role::Pos,
        summary: "Sets points aside for a reward on a draft order. With `replaces`, the new hold takes the place of an \
                  open hold of the same order, or the old one stays. The same key again gives the same reply.",
        params: &[
            needs("idempotency_key", "IdempotencyKey"),
            needs("partner_id", "Id"),
            needs("program", "Code"),
            needs("reward", "Code"),
            takes("points", "Points"),
            takes("replaces", "Uuid"),
            needs("order", "Draft"),
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
    },
    LoyaltyQuote => Method {
        name: "loyalty.quote",
        role: Role::Pos,
        summary: "What a draft order would earn, and which rewards it could have.",
        params: &[needs("order", "Draft")],
        result: "Quote",
        errors: &[],
    },
    LoyaltyRelease => Method {
        name: "loyalty.release",
        role: Role::Pos,
        summary: "Gives a hold up: its points are available again. The same call again gives the same reply.",
        params: &[needs("hold_id", "Uuid"), needs("reason", "Text")],
        result: "Released",
        errors: &["unknown_hold", "hold_captured"],
    },
    MemberEnrol => Method {
        name: "member.enrol",
        role: Role::Pos,
        summary: "Enrols a member in a program that asks for it: orders placed from now on earn; from `since` on with a token \
                  of the role admin.",
        params: &[needs("partner_id", "Id"), needs("program", "Code"), takes("since", "Time")],
        result: "Enrolled",
        errors: &["unknown_program", "unknown_partner"],
    },
    MemberLeave => Method {
        name: "member.leave",
        role: Role::Pos,
        summary: "Ends a member's enrolment: points stay, none are earned or spent until the member enrols again.",
        params: &[needs("partner_id", "Id"), needs("program", "Code")],
        result: "Left",
        errors: &["unknown_program", "unknown_partner"],
    },
    MemberList => Method {
        name: "member.list",
        role: Role::Viewer,
        summary: "Members and their points, a row for each member and program, by partner from the greatest id down, a page \
                  at a time. `search` is part of the name, or the partner's id. With `with_points` a page may be shorter \
                  than `limit`: only a `next` of null is the end.",
        params: &[
            takes("program", "Code"),
            takes("search", "Search"),
            takes("with_points", "Flag"),
            takes("limit", "LongLimit"),
            takes("before", "Place"),
        ],
        result: "Members",
        errors: &["unknown_program"],
    },
    MemberTransfer => Method {
        name: "member.transfer",
        role: Role::Admin,
        summary: "Moves everything of a member to another, in all programs: points with their expiry, debts and open holds.",
        params: &[
            needs("idempotency_key", "IdempotencyKey"),
            needs("from_partner_id", "Id"),
            needs("to_partner_id", "Id"),
            needs("reason", "Text"),
        ],
        result: "Transferred",
        errors: &["idempotency_conflict", "unknown_partner"],
    },
    ProgramArchive => Method {
        name: "program.archive",
        role: Role::Admin,
        summary: "Ends a program: orders dated later earn nothing. Putting it again revives it.",
        params: &[needs("code", "Code")],
        result: "Archived",
        errors: &["unknown_program"],
    },
    ProgramGet => Method {
        name: "program.get",
        role: Role::Viewer,
        summary: "One version of a program: the latest, unless another is named. With `describe`, also in the words of \
                  `program check`.",
        params: &[needs("code", "Code"), takes("version", "Version"), takes("describe", "Flag")],
        result: "ProgramVersion",
        errors: &["unknown_program"],
    },
    ProgramList => Method {
        name: "program.list",
        role: Role::Viewer,
        summary: "All programs.",
        params: &[],
        result: "Programs",
        errors: &[],
    },
    ProgramPut => Method {
        name: "program.put",
        role: Role::Admin,
        summary: "Puts a version of a program. The same document again is the same version.",
        params: &[needs("program", "Program"), takes("effective_from", "Time")],
        result: "Put",
        errors: &["invalid_program"],
    },
    RedemptionList => Method {
        name: "redemption.list",
        role: Role::Viewer,
        summary: "Rewards that were redeemed, by the moment of their capture, newest first, a page at a time; with the state \
                  open, holds that wait for their order to be paid, by when they were made. `from` counts, `to` does not.",
        params: &[
            takes("from", "Time"),
            takes("to", "Time"),
            takes("program", "Code"),
            takes("pos_config_id", "Id"),
            takes("partner_id", "Id"),
            takes("state", "ListedState"),
            takes("limit", "Limit"),
            takes("before", "Place"),
        ],
        result: "Redemptions",
        errors: &["unknown_program"],
    },
    RpcDiscover => Method {
        name: "rpc.discover",
        role: Role::Pos,
        summary: "This document.",
        params: &[],
        result: "OpenRpc",
        errors: &[],
    },
    SyncNotify => Method {
        name: "sync.notify",
        role: Role::Pos,
        summary: "A hint that these orders changed in Odoo; polling remains the truth.",
        params: &[needs("order_ids", "Ids")],
        result: "Queued",
        errors: &[],
    },
    SyncRun => Method {
        name: "sync.run",
        role: Role::Admin,
        summary: "A whole pass over Odoo, after the one that may be running; answers when it is done.",
        params: &[],
        result: "SyncRun",
        errors: &[],
    },
    SyncStatus => Method {
        name: "sync.status",
        role: Role::Viewer,
        summary: "How far Odoo has been read, and what stood in the way.",
        params: &[],
        result: "SyncStatus",
        errors: &[],
    },
    SystemVersion => Method {
        name: "system.version",
        role: Role::Pos,
        summary: "This service's version, and whether Odoo answers.",
        params: &[],
        result: "SystemVersion",
        errors: &[],
    },
}

impl Name {
    /// The method of that name on the wire.
    #[must_use]
    pub fn find(wire: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|name| name.row().name == wire)
    }
}
