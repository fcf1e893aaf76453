//! No debt and no loss without a word.
