//! From changes to a store: one decision, one loop, one deadline.

mod calls;
mod decide;
mod now;
mod run;
mod to_end;
mod work;

pub(crate) use now::Ended;
pub(crate) use to_end::RunToEnd;
