//! What the SQL stores share: the name of a table, a record as columns, and what an engine's error means.
//!
//! The statements are each engine's own; what they bind and what they read stands here, so that a record means the
//! same in each of them.

mod columns;
mod table;
mod trouble;

pub(crate) use columns::{
    Columns, Listed, Stored, another, millis, store_key, successor, timestamp,
};
pub use table::TableNameError;
pub(crate) use table::{Quote, TableName};
pub(crate) use trouble::{Cause, unavailable};
