//! Who may do what, and input that is wrong.
