//! The one table of methods: who may call each, what it takes, what it answers, what can go wrong.
//!
//! [`super::envelope`] refuses by it and `rpc.discover` is made of it. Each row has a [`Name`], by which alone a method
//! is registered: one that is in no row cannot be, and a row without a handler does not compile (see [`super`]). The rows
//! stand in [`super::method`], beside what they are of.

use super::method::{exception, ledger, loyalty, member, program, redemption, sync, system};
pub use super::row::{COMMON_ERRORS, Method, Param};

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
    ExceptionList => exception::LIST,
    ExceptionResolve => exception::RESOLVE,
    LedgerAdjust => ledger::ADJUST,
    LedgerRedact => ledger::REDACT,
    LedgerVerify => ledger::VERIFY,
    LoyaltyBalance => loyalty::BALANCE,
    LoyaltyCapture => loyalty::CAPTURE,
    LoyaltyExplain => loyalty::EXPLAIN,
    LoyaltyHistory => loyalty::HISTORY,
    LoyaltyHold => loyalty::HOLD,
    LoyaltyQuote => loyalty::QUOTE,
    LoyaltyRelease => loyalty::RELEASE,
    MemberEnrol => member::ENROL,
    MemberLeave => member::LEAVE,
    MemberList => member::LIST,
    MemberTransfer => member::TRANSFER,
    ProgramArchive => program::ARCHIVE,
    ProgramGet => program::GET,
    ProgramList => program::LIST,
    ProgramPut => program::PUT,
    RedemptionList => redemption::LIST,
    RpcDiscover => system::DISCOVER,
    SyncNotify => sync::NOTIFY,
    SyncRun => sync::RUN,
    SyncStatus => sync::STATUS,
    SystemVersion => system::VERSION,
}

impl Name {
    /// The method of that name on the wire.
    #[must_use]
    pub fn find(wire: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|name| name.row().name == wire)
    }
}
