//! What is read: orders, catalog, partners, cards, each as its record.

pub mod catalog;
pub mod census;
pub mod fields;
pub mod kept_rewards;
pub mod loyalty_cards;
pub mod places;
pub mod pos_orders;
pub mod record;
