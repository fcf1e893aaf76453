//! What rewards take off, and what is earned beside them.
