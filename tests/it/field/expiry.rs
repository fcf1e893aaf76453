//! Points that end, and the lots they end in.
