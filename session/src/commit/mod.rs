//! From changes to a store: one decision, one loop, one deadline.

mod decide;
mod run;
mod to_end;
mod work;

pub(crate) use decide::Keep;
pub(crate) use to_end::RunToEnd;
