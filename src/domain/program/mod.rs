//! A program: its rules and rewards.
