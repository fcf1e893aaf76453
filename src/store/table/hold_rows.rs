//! The row of a hold, with the reply that its caller got.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::open_holds::carried_from;
use crate::domain::catalog::scope::Scope;
use crate::domain::ledger::hold::{Hold, HoldState, LineShare, ReplyTerms};
use crate::domain::sale::order::QUANTITY_DECIMALS;
use crate::domain::value::exact::to_scaled_rounded;
use crate::domain::value::ids::{AccountId, HoldId, ProductId, SaleModel};
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;
use crate::store::codec::{packed, pg_json, uuids};
use crate::store::connection::clock::{from_us, from_us_opt};
use crate::store::schema::holds;
use crate::store::table::recorded_replies::KeyDigest;
use crate::store::{SOURCE, StoreError, corrupt};

/// How a hold ended, as its column says it.
const RELEASED: i16 = 1;
const EXPIRED: i16 = 2;

#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = holds, treat_none_as_default_value = false)]
pub(in crate::store) struct HoldRow {
    #[serde(with = "pg_json::bytes")]
    pub(in crate::store) id: Vec<u8>,
    account_id: i64,
    sale_source: i16,
    sale_model: i16,
    #[serde(with = "pg_json::bytes")]
    order_uuid: Vec<u8>,
    order_key: i64,
    program_version: i64,
    reward: String,
    points_e2: i64,
    discount_e4: i64,
    product_id: Option<i64>,
    covered_quantity_e6: i64,
    add_quantity_e6: i64,
    price_e4: Option<i64>,
    covers: Option<String>,
    #[serde(with = "pg_json::optional_bytes")]
    lines: Option<Vec<u8>>,
    created_at_us: i64,
    expires_at_us: i64,
    ended_as: Option<i16>,
    ended_at_us: Option<i64>,
    reason: Option<String>,
    restored_e2: i64,
    #[serde(with = "pg_json::optional_bytes")]
    replaces: Option<Vec<u8>>,
    carried_points_e2: Option<i64>,
    carried_good_at_us: Option<i64>,
    actor: String,
    reply_key: Option<i64>,
    #[serde(with = "pg_json::optional_bytes")]
    reply_key_sha256: Option<Vec<u8>>,
    #[serde(with = "pg_json::optional_bytes")]
    params_sha256: Option<Vec<u8>>,
    #[serde(with = "pg_json::optional_bytes")]
    reply_terms: Option<Vec<u8>>,
}

/// A hold's row, and what stands elsewhere: the account of its open hold, and when its entry was recorded and what the
/// balance was after it.
pub(in crate::store) type StateRow = (HoldRow, Option<i64>, Option<(i64, i64)>);

/// What a hold was asked for under, and what its reply says beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldReply {
    /// The key.
    pub key: KeyDigest,
    /// SHA-256 of the method and its canonical parameters.
    pub params_sha256: Vec<u8>,
    /// What the reply says beside the hold.
    pub terms: ReplyTerms,
}

impl HoldRow {
    pub(in crate::store) fn of(hold: &Hold, reply: Option<&HoldReply>) -> Result<Self, StoreError> {
        let micros = |at: DateTime<Utc>| at.timestamp_micros();
        let millionths = |quantity: Decimal| {
            to_scaled_rounded(quantity, QUANTITY_DECIMALS, RoundingStrategy::ToZero).map_err(corrupt)
        };
        let end = End::of(hold);
        Ok(Self {
            id: uuids::to_bytes(hold.id.0),
            account_id: hold.account_id.0,
            sale_source: SOURCE,
            sale_model: SaleModel::PosOrder.code(),
            order_uuid: uuids::text_to_bytes(&hold.order_uuid),
            order_key: uuids::text_key(&hold.order_uuid),
            program_version: hold.program_version,
            reward: hold.reward.clone(),
            points_e2: hold.points.e2(),
            discount_e4: hold.discount.e4(),
            product_id: hold.product_id.map(|id| id.0),
            covered_quantity_e6: millionths(hold.covered_quantity)?,
            add_quantity_e6: millionths(hold.add_quantity)?,
            price_e4: hold.price.map(Money::e4),
            covers: hold.covers.as_ref().map(serde_json::to_string).transpose().map_err(corrupt)?,
            lines: (!hold.lines.is_empty()).then(|| shares_to_bytes(&hold.lines)).transpose()?,
            created_at_us: micros(hold.created_at),
            expires_at_us: micros(hold.expires_at),
            ended_as: end.ended_as,
            ended_at_us: end.ended_at_us,
            reason: hold.reason.clone(),
            restored_e2: hold.restored.e2(),
            replaces: hold.replaces.map(|id| uuids::to_bytes(id.0)),
            carried_points_e2: hold.carried.map(|carried| carried.points.e2()),
            carried_good_at_us: hold.carried.map(|carried| micros(carried.good_at)),
            actor: hold.actor.clone(),
            reply_key: reply.map(|reply| reply.key.start()),
            reply_key_sha256: reply.map(|reply| reply.key.0.to_vec()),
            params_sha256: reply.map(|reply| reply.params_sha256.clone()),
            reply_terms: reply.map(|reply| terms_to_bytes(&reply.terms)).transpose()?,
        })
    }

    /// What the hold was asked for under, if a key was given.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when somebody edited it.
    pub(in crate::store) fn reply(&self) -> Result<Option<HoldReply>, StoreError> {
        let (Some(key), Some(params_sha256), Some(terms)) =
            (&self.reply_key_sha256, &self.params_sha256, &self.reply_terms)
        else {
            return Ok(None);
        };
        let key = KeyDigest(packed::hash_from_bytes(key, "the key of a reply")?);
        Ok(Some(HoldReply { key, params_sha256: params_sha256.clone(), terms: terms_from_bytes(terms)? }))
    }

    /// The UUID of the draft it was made for.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when somebody edited it.
    pub(in crate::store) fn order_uuid(&self) -> Result<String, StoreError> {
        uuids::text_from_bytes(&self.order_uuid)
    }

    /// The hold it says, with what stands of it elsewhere.
    pub(in crate::store) fn hold((row, open_of, entry): StateRow) -> Result<Hold, StoreError> {
        let ended_at = from_us_opt(row.ended_at_us)?;
        let (state, ended_at, balance_after) = match (entry, open_of, row.ended_as) {
            (Some((recorded_at_us, balance_e2)), _, _) => {
                (HoldState::Captured, Some(from_us(recorded_at_us)?), Some(Points::from_e2(balance_e2)))
            }
            (None, Some(_), _) => (HoldState::Open, None, None),
            (None, None, Some(RELEASED)) => (HoldState::Released, ended_at, None),
            (None, None, Some(EXPIRED)) => (HoldState::Expired, ended_at, None),
            (None, None, Some(other)) => return Err(corrupt(format!("the end {other} of a hold"))),
            // Its entry was taken away by hand, which a verification tells.
            (None, None, None) => (HoldState::Captured, None, None),
        };
        Ok(Hold {
            id: HoldId(uuids::from_bytes(&row.id, "the hold id")?),
            account_id: AccountId(row.account_id),
            order_uuid: row.order_uuid()?,
            program_version: row.program_version,
            reward: row.reward,
            points: Points::from_e2(row.points_e2),
            discount: Money::from_e4(row.discount_e4),
            product_id: row.product_id.map(ProductId),
            state,
            created_at: from_us(row.created_at_us)?,
            expires_at: from_us(row.expires_at_us)?,
            ended_at,
            reason: row.reason,
            balance_after,
            restored: Points::from_e2(row.restored_e2),
            actor: row.actor,
            covered_quantity: Decimal::new(row.covered_quantity_e6, QUANTITY_DECIMALS).normalize(),
            add_quantity: Decimal::new(row.add_quantity_e6, QUANTITY_DECIMALS).normalize(),
            price: row.price_e4.map(Money::from_e4),
            covers: row.covers.as_deref().map(scope_from_text).transpose()?,
            lines: row.lines.as_deref().map(shares_from_bytes).transpose()?.unwrap_or_default(),
            replaces: row.replaces.as_deref().map(|id| uuids::from_bytes(id, "the hold id")).transpose()?.map(HoldId),
            carried: carried_from(row.carried_points_e2, row.carried_good_at_us)?,
        })
    }
}

/// How a hold ended without being captured.
pub(in crate::store) struct End {
    pub(in crate::store) ended_as: Option<i16>,
    pub(in crate::store) ended_at_us: Option<i64>,
}

impl End {
    pub(in crate::store) fn of(hold: &Hold) -> Self {
        let ended_as = match hold.state {
            HoldState::Released => Some(RELEASED),
            HoldState::Expired => Some(EXPIRED),
            HoldState::Open | HoldState::Captured => None,
        };
        Self { ended_as, ended_at_us: ended_as.and(hold.ended_at).map(|at| at.timestamp_micros()) }
    }
}

/// The scope of a hold from its column.
///
/// # Errors
/// [`StoreError::Corrupt`]
pub(in crate::store) fn scope_from_text(text: &str) -> Result<Scope, StoreError> {
    serde_json::from_str(text).map_err(|problem| corrupt(format!("the scope of a hold: {problem}")))
}

/// What a hold takes off one line: the line's position, its name, its product, and ten-thousandths of money.
type PackedShare = (u32, Option<Vec<u8>>, Option<i64>, i64);

/// What a hold takes off which line, for its column.
///
/// # Errors
/// [`StoreError::Corrupt`]
fn shares_to_bytes(lines: &[LineShare]) -> Result<Vec<u8>, StoreError> {
    let packed: Vec<PackedShare> = lines
        .iter()
        .map(|share| {
            let position = u32::try_from(share.position).map_err(corrupt)?;
            Ok((
                position,
                share.uuid.as_deref().map(uuids::text_to_bytes),
                share.product_id.map(|id| id.0),
                share.off.e4(),
            ))
        })
        .collect::<Result<_, StoreError>>()?;
    packed::to_bytes(&packed)
}

/// From the column.
///
/// # Errors
/// [`StoreError::Corrupt`] when it says something that is never written.
fn shares_from_bytes(bytes: &[u8]) -> Result<Vec<LineShare>, StoreError> {
    let packed: Vec<PackedShare> = packed::from_bytes(bytes, "the lines of a hold")?;
    packed
        .into_iter()
        .map(|(position, uuid, product_id, off_e4)| {
            Ok(LineShare {
                position: usize::try_from(position).map_err(corrupt)?,
                uuid: uuid.as_deref().map(uuids::text_from_bytes).transpose()?,
                product_id: product_id.map(ProductId),
                off: Money::from_e4(off_e4),
            })
        })
        .collect()
}

/// The reward's kind, the digits of the currency, and the share: its digits and how many are after the point.
type PackedTerms = (String, u32, i128, u32);

/// What a hold's reply says beside the hold, for its column.
///
/// # Errors
/// [`StoreError::Corrupt`]
fn terms_to_bytes(terms: &ReplyTerms) -> Result<Vec<u8>, StoreError> {
    let share = terms.max_share;
    let packed: PackedTerms = (terms.kind.clone(), terms.decimals, share.mantissa(), share.scale());
    packed::to_bytes(&packed)
}

/// From the column.
///
/// # Errors
/// [`StoreError::Corrupt`] when it says something that is never written.
pub(in crate::store) fn terms_from_bytes(bytes: &[u8]) -> Result<ReplyTerms, StoreError> {
    let (kind, decimals, digits, scale): PackedTerms = packed::from_bytes(bytes, "the reply of a hold")?;
    let max_share = Decimal::try_from_i128_with_scale(digits, scale).map_err(corrupt)?;
    Ok(ReplyTerms { kind, decimals, max_share })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn any_name() -> impl Strategy<Value = String> {
        prop_oneof![any::<u128>().prop_map(|bits| Uuid::from_u128(bits).hyphenated().to_string()), ".{0,40}"]
    }

    proptest! {
        #[test]
        fn shares_come_back_as_they_were(
            lines in proptest::collection::vec(
                (0_usize..500, proptest::option::of(any_name()), proptest::option::of(any::<i64>()), any::<i64>()),
                0..20,
            ),
        ) {
            let lines: Vec<LineShare> = lines
                .into_iter()
                .map(|(position, uuid, product, off)| LineShare {
                    position,
                    uuid,
                    product_id: product.map(ProductId),
                    off: Money::from_e4(off),
                })
                .collect();
            prop_assert_eq!(shares_from_bytes(&shares_to_bytes(&lines).unwrap()).unwrap(), lines);
        }

        #[test]
        fn terms_come_back_to_the_letter(share in 0_i64..=1_000_000_000, scale in 0_u32..20, decimals in 0_u32..6) {
            let terms = ReplyTerms { kind: "discount_amount".into(), decimals, max_share: Decimal::new(share, scale) };
            let back = terms_from_bytes(&terms_to_bytes(&terms).unwrap()).unwrap();
            prop_assert_eq!(back.max_share.to_string(), terms.max_share.to_string());
            prop_assert_eq!(back, terms);
        }

        #[test]
        fn other_bytes_are_refused_and_never_panicked_over(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            prop_assert!(matches!(shares_from_bytes(&bytes), Ok(_) | Err(StoreError::Corrupt(_))));
            prop_assert!(matches!(terms_from_bytes(&bytes), Ok(_) | Err(StoreError::Corrupt(_))));
        }
    }
}
