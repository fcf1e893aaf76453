//! The one table of methods: who may call each, what it takes, what it answers, what can go wrong.
//!
//! [`super::envelope`] refuses by it and `rpc.discover` is made of it. Each method has a [`Name`], a row and a handler: one
//! that lacks any of them does not compile. Rows and handlers stand in [`super::method`], by group.

use super::method;
pub use super::row::{COMMON_ERRORS, Method, Param};

/// The list of methods, by name, in order. A row is `Name: group { ROW, handler }`: both stand in `method/group.rs`. What is
/// made of all of them is the macro that is given.
macro_rules! for_each_method {
    ($made:ident) => {
        $made! {
            ExceptionList: exception { LIST, list },
            ExceptionResolve: exception { RESOLVE, resolve },
            LedgerAdjust: ledger { ADJUST, adjust },
            LedgerRedact: ledger { REDACT, redact },
            LedgerVerify: ledger { VERIFY, verify },
            LoyaltyBalance: loyalty { BALANCE, balance },
            LoyaltyCapture: loyalty { CAPTURE, capture },
            LoyaltyExplain: loyalty { EXPLAIN, explain },
            LoyaltyHistory: loyalty { HISTORY, history },
            LoyaltyHold: loyalty { HOLD, hold },
            LoyaltyQuote: loyalty { QUOTE, quote },
            LoyaltyRelease: loyalty { RELEASE, release },
            MemberEnrol: member { ENROL, enrol },
            MemberLeave: member { LEAVE, leave },
            MemberList: member { LIST, list },
            MemberTransfer: member { TRANSFER, transfer },
            ProgramArchive: program { ARCHIVE, archive },
            ProgramGet: program { GET, get },
            ProgramList: program { LIST, list },
            ProgramPut: program { PUT, put },
            RedemptionList: redemption { LIST, list },
            RpcDiscover: system { DISCOVER, discover },
            SyncNotify: sync { NOTIFY, notify },
            SyncRun: sync { RUN, run },
            SyncStatus: sync { STATUS, status },
            SystemVersion: system { VERSION, version },
        }
    };
}
pub(super) use for_each_method;

/// The names, and the rows behind them.
macro_rules! names {
    ($($name:ident: $group:ident { $row:ident, $handler:ident },)*) => {
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
                        const ROW: Method = method::$group::$row;
                        &ROW
                    })*
                }
            }
        }
    };
}

for_each_method!(names);

impl Name {
    /// The method of that name on the wire.
    #[must_use]
    pub fn find(wire: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|name| name.row().name == wire)
    }
}
