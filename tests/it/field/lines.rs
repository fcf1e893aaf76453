//! What a line of an order is.
