//! How a setting is declared: once, in the file of its section. What reads it, `--help`, `config/README.md` and the
//! example file are made from that declaration.

use std::path::PathBuf;

use secrecy::SecretString;
use serde::Serialize;

use super::{BadSetting, LogFormat, bad};
use crate::domain::sale::order::Wallet;
use crate::store::Synchronous;

/// One setting, as it is declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its section, `http`.
    pub section: &'static str,
    /// Its name in the section, `bind`.
    pub key: &'static str,
    /// What it takes, with its unit.
    #[serde(serialize_with = "as_words")]
    pub value: SettingType,
    /// What holds without it, as TOML writes it.
    pub default: Option<String>,
    /// What it is for.
    pub sentence: &'static str,
    /// What the example file shows where there is no default.
    #[serde(skip)]
    pub example: Example,
}

/// What a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingType {
    /// A text of some kind.
    Text(&'static str),
    /// Yes or no.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number of some unit.
    Number {
        /// The unit.
        unit: &'static str,
        /// The least that is taken.
        least: u64,
        /// The greatest that is taken.
        most: Option<u64>,
    },
}

/// What the example file shows of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Example {
    /// Its default.
    Default,
    /// A value that a person must replace.
    Needed(&'static str),
    /// A value that a person may want.
    Such(&'static str),
}

impl SettingType {
    /// A number of this unit, without bounds.
    pub(super) const fn number(unit: &'static str) -> Self {
        Self::Number { unit, least: 0, most: None }
    }

    /// As [`SettingType::number`], and no less than this.
    pub(super) const fn at_least(unit: &'static str, least: u64) -> Self {
        Self::Number { unit, least, most: None }
    }

    /// As [`SettingType::number`], between these.
    pub(super) const fn between(unit: &'static str, least: u64, most: u64) -> Self {
        Self::Number { unit, least, most: Some(most) }
    }

    /// In words, for a table.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Text(kind) => kind.to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Choice(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or "),
            Self::Number { unit, least, most: Some(most) } => format!("{unit}, {least} to {most}"),
            Self::Number { unit, least: 0, most: None } => unit.to_owned(),
            Self::Number { unit, least, most: None } => format!("{unit}, at least {least}"),
        }
    }

    /// Refuses a number outside of what is declared.
    pub(super) fn check(self, section: &str, key: &str, number: Option<u64>) -> Result<(), BadSetting> {
        let (Self::Number { least, most, .. }, Some(number)) = (self, number) else { return Ok(()) };
        match most {
            Some(most) if !(least..=most).contains(&number) => {
                Err(bad(format!("{section}.{key}: expected a number from {least} to {most}")))
            }
            None if number < least => {
                Err(bad(format!("{section}.{key}: {number} is too little; the least is {least}")))
            }
            _ => Ok(()),
        }
    }
}

fn as_words<S: serde::Serializer>(taken: &SettingType, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&taken.words())
}

impl Setting {
    /// Its whole name, `http.bind`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}.{}", self.section, self.key)
    }

    /// The environment variable, `LOYALTY__HTTP__BIND`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("LOYALTY__{}__{}", self.section.to_uppercase(), self.key.to_uppercase())
    }
}

/// A value that a setting has.
pub(super) trait SettingValue {
    /// As TOML writes it; `None` for one that is not there.
    fn as_toml(&self) -> Option<String>;

    /// As a number, if it is one.
    fn as_number(&self) -> Option<u64> {
        None
    }
}

impl SettingValue for String {
    fn as_toml(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }
}

impl SettingValue for bool {
    fn as_toml(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl SettingValue for u32 {
    fn as_toml(&self) -> Option<String> {
        Some(self.to_string())
    }

    fn as_number(&self) -> Option<u64> {
        Some(u64::from(*self))
    }
}

impl SettingValue for u64 {
    fn as_toml(&self) -> Option<String> {
        Some(self.to_string())
    }

    fn as_number(&self) -> Option<u64> {
        Some(*self)
    }
}

impl SettingValue for Option<String> {
    fn as_toml(&self) -> Option<String> {
        self.as_ref().and_then(SettingValue::as_toml)
    }
}

impl SettingValue for Option<PathBuf> {
    fn as_toml(&self) -> Option<String> {
        self.as_ref().map(|path| format!("{:?}", path.display().to_string()))
    }
}

impl SettingValue for Option<SecretString> {
    /// Never.
    fn as_toml(&self) -> Option<String> {
        None
    }
}

impl SettingValue for Synchronous {
    fn as_toml(&self) -> Option<String> {
        Some(match self {
            Self::Full => "\"full\"".to_owned(),
            Self::Normal => "\"normal\"".to_owned(),
        })
    }
}

impl SettingValue for Wallet {
    fn as_toml(&self) -> Option<String> {
        Some(match self {
            Self::Contact => "\"contact\"".to_owned(),
            Self::Company => "\"company\"".to_owned(),
        })
    }
}

impl SettingValue for LogFormat {
    fn as_toml(&self) -> Option<String> {
        Some(match self {
            Self::Pretty => "\"pretty\"".to_owned(),
            Self::Json => "\"json\"".to_owned(),
        })
    }
}

/// Declares a section: `key: type = default, what it takes, "what it is for";`, with what the example file shows where
/// there is no default. Of it come the type that is read, its defaults, and the list of its settings.
macro_rules! section {
    (
        $(#[$meta:meta])*
        $name:ident = $section:literal {
            $($key:ident: $type:ty = $default:expr, $taken:expr, $sentence:literal $(, $example:expr)?;)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub(super) struct $name {
            $(pub(super) $key: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }

        impl $name {
            /// Its settings, in order.
            pub(super) fn declared() -> Vec<$crate::config::Setting> {
                use $crate::config::declared::{Example, Setting, SettingValue as _};
                let defaults = Self::default();
                vec![$(Setting {
                    section: $section,
                    key: stringify!($key),
                    value: $taken,
                    default: defaults.$key.as_toml(),
                    sentence: $sentence,
                    example: [Example::Default $(, $example)?].into_iter().last().unwrap_or(Example::Default),
                }),*]
            }

            /// Refuses the first number that is outside of what is declared.
            pub(super) fn check_ranges(&self) -> Result<(), $crate::config::BadSetting> {
                use $crate::config::declared::SettingValue as _;
                $($taken.check($section, stringify!($key), self.$key.as_number())?;)*
                Ok(())
            }
        }
    };
}

pub(super) use section;
