//! Tests of `#[derive(SessionSchema)]` from the outside: what compiles, what does not, and what it says then.
