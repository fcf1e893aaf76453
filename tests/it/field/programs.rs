//! A program must never take the service down.
