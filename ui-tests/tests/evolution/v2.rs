//! What came after it.

use serde::{Deserialize, Serialize};
use session::SessionSchema;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Plan {
    Free,
    Paid,
    Team { seats: u8 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) city: String,
    #[serde(default)]
    pub(crate) country: Option<String>,
}

/// `name` became `nickname`, `only_old` went, `only_new` came.
#[derive(SessionSchema)]
pub(crate) struct Account {
    #[session(alias = "name")]
    pub(crate) nickname: Option<String>,
    #[session(default)]
    pub(crate) visits: u64,
    pub(crate) plan: Option<Plan>,
    pub(crate) address: Option<Address>,
    pub(crate) only_new: Option<u8>,
    #[session(flash, alias = "notices")]
    pub(crate) messages: Vec<String>,
}
